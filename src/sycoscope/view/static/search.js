// The search of a folder: texts come as script files, one after another, since nothing can be fetched from a disk.
(function () {
  "use strict";
  var MOST = 200, AROUND = 80;
  var form = document.getElementById("search"), field = document.getElementById("q");
  var list = document.getElementById("results"), told = document.getElementById("told");
  var chunks = Number(form.dataset.chunks), wanted = "", hits = 0, turn = 0;

  function show(file, question, text, at) {
    var row = document.createElement("li"), link = document.createElement("a"), small = document.createElement("small");
    var hit = document.createElement("span");
    var start = Math.max(0, at - AROUND), end = at + wanted.length;
    link.href = file;
    link.className = "step";
    link.textContent = question;
    hit.className = "hit";
    hit.textContent = text.slice(at, end);
    small.append(" …" + text.slice(start, at), hit, text.slice(end, end + AROUND) + "…");
    row.append(link, document.createElement("br"), small);
    list.append(row);
  }

  function load(n, mine) {
    if (mine !== turn) return;
    if (n > chunks) {
      told.textContent = hits + (hits === 1 ? " item" : " items") + (hits > MOST ? ", the first " + MOST + " are shown" : "");
      return;
    }
    told.textContent = "searching, part " + n + " of " + chunks;
    window.sycoscopeTexts = function (rows) {
      if (mine !== turn) return;
      rows.forEach(function (row) {
        var at = row[2].toLowerCase().indexOf(wanted.toLowerCase());
        if (at < 0) return;
        hits += 1;
        if (hits <= MOST) show(row[0], row[1], row[2], at);
      });
    };
    var script = document.createElement("script");
    script.src = "search/" + n + ".js";
    script.onload = function () { script.remove(); load(n + 1, mine); };
    script.onerror = function () { told.textContent = "a part of the texts cannot be read: search/" + n + ".js"; };
    document.head.append(script);
  }

  function search() {
    wanted = field.value.trim();
    list.replaceChildren();
    told.textContent = "";
    hits = 0;
    turn += 1;
    if (wanted) load(1, turn);
  }

  form.hidden = false;
  form.addEventListener("submit", function (event) {
    event.preventDefault();
    location.hash = "q=" + encodeURIComponent(field.value.trim());
  });
  function read() {
    var given = /^#q=(.*)$/.exec(location.hash);
    if (!given) return;
    try { field.value = decodeURIComponent(given[1]); } catch (refused) { return; }
    search();
  }
  window.addEventListener("hashchange", read);
  read();
})();

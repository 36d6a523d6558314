// Comfort only: everything on the page is readable without it.
(function () {
  "use strict";
  var cases = Array.prototype.slice.call(document.querySelectorAll(".case"));
  var form = document.querySelector("form[data-script]");

  function reveal() {
    var target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (var node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
    if (target.classList.contains("flips") || target.classList.contains("pair")) {
      var first = target.querySelector(".case");
      if (first) first.open = true;
    }
    target.scrollIntoView();
  }

  function filter() {
    var text = document.getElementById("q").value.trim().toLowerCase();
    var cell = document.getElementById("cell").value;
    var n = 0;
    document.querySelectorAll(".flips").forEach(function (group) {
      var any = false;
      // whose transcripts these are stands in the heading alone
      var whose = group.parentElement.querySelector("h3").textContent.toLowerCase();
      group.querySelectorAll(".case").forEach(function (one) {
        var said = text && whose.indexOf(text) < 0 ? one.textContent.toLowerCase() : "";
        var ok = (!cell || group.dataset.cell === cell) && (!text || !said || said.indexOf(text) >= 0);
        one.hidden = !ok;
        any = any || ok;
        n += ok ? 1 : 0;
      });
      group.hidden = !any;
    });
    document.querySelectorAll(".pair").forEach(function (pair) {
      pair.hidden = !pair.querySelector(".flips:not([hidden])");
    });
    document.getElementById("shown").textContent = n + " of " + cases.length + " shown";
  }

  window.addEventListener("hashchange", reveal);
  reveal();
  if (!form) return;
  form.hidden = false;
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  document.getElementById("q").addEventListener("input", filter);
  document.getElementById("cell").addEventListener("change", filter);
  document.getElementById("open").addEventListener("click", function () { cases.forEach(function (one) { one.open = true; }); });
  document.getElementById("close").addEventListener("click", function () { cases.forEach(function (one) { one.open = false; }); });
  filter();
})();

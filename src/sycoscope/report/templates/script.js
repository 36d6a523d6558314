// Comfort only: everything on the page is readable without it.
(function () {
  "use strict";
  var cases = Array.prototype.slice.call(document.querySelectorAll(".case"));
  var form = document.querySelector("form[data-script]");

  function reveal() {
    var target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (var node = target; node; node = node.parentElement) if (node.tagName === "DETAILS") node.open = true;
    if (target.classList.contains("flips")) {
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
      group.querySelectorAll(".case").forEach(function (one) {
        var ok = (!cell || group.dataset.cell === cell) && (!text || one.textContent.toLowerCase().indexOf(text) >= 0);
        one.hidden = !ok;
        any = any || ok;
        n += ok ? 1 : 0;
      });
      group.hidden = !any;
    });
    document.getElementById("shown").textContent = n + " of " + cases.length + " shown";
  }

  window.addEventListener("hashchange", reveal);
  reveal();
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details.numbers").forEach(function (one) { one.open = true; });
  });
  if (!form) return;
  form.hidden = false;
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  document.getElementById("q").addEventListener("input", filter);
  document.getElementById("cell").addEventListener("change", filter);
  document.getElementById("open").addEventListener("click", function () { cases.forEach(function (one) { one.open = true; }); });
  document.getElementById("close").addEventListener("click", function () { cases.forEach(function (one) { one.open = false; }); });
  filter();
})();

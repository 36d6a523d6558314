// Comfort only: every key does what a link or a field on the page does.
(function () {
  "use strict";
  var OFF = "sycoscope-keys-off";

  function isOff() { try { return localStorage.getItem(OFF) === "1"; } catch (refused) { return false; } }
  function keep(off) { try { off ? localStorage.setItem(OFF, "1") : localStorage.removeItem(OFF); } catch (refused) { return; } }

  function typing(node) {
    return node && (/^(INPUT|TEXTAREA|SELECT)$/.test(node.tagName) && node.type !== "checkbox" || node.isContentEditable);
  }

  function step(by) {
    var all = Array.prototype.slice.call(document.querySelectorAll("a.step"));
    if (!all.length) return false;
    var at = all.indexOf(document.activeElement);
    var next = all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + by))];
    next.focus();
    next.scrollIntoView({ block: "center" });
    return true;
  }

  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape" && typing(document.activeElement)) { document.activeElement.blur(); return; }
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || typing(event.target) || isOff()) return;
    if ((event.key === "j" && step(1)) || (event.key === "k" && step(-1))) { event.preventDefault(); return; }
    var named = Array.prototype.slice.call(document.querySelectorAll("[data-key]"));
    var target = named.filter(function (one) { return one.dataset.key === event.key; })[0];
    if (!target) return;
    event.preventDefault();
    if (event.repeat && target.tagName === "BUTTON") return;
    if (/^(INPUT|TEXTAREA)$/.test(target.tagName)) { target.focus(); target.select(); } else target.click();
  });

  // One page says one thing: a second key before the next page is there is not taken for the same response.
  var sent = false;
  window.addEventListener("pageshow", function () { sent = false; });
  document.addEventListener("submit", function (event) {
    if (event.target.method !== "post") return;
    if (sent) event.preventDefault();
    sent = true;
  });

  var button = document.getElementById("keys");
  if (button) {
    var show = function () { button.textContent = isOff() ? "Switch keys on" : "Switch keys off"; };
    button.hidden = false;
    button.addEventListener("click", function () { keep(!isOff()); show(); });
    show();
  }
})();

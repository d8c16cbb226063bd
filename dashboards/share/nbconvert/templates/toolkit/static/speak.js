// The words of the page's own scripts in the reader's language. `words.js` is the catalogue's part for scripts: language -> text -> text.
(function () {
  "use strict";

  // The language that was chosen on any page of ours; else that of the browser, which is taken if there is a catalogue for it.
  window.tkReads = function () {
    var chosen = document.cookie.match(/(?:^|; )tk-language=([^;]*)/), asked = new URLSearchParams(location.search).get("language");
    return asked || (chosen ? chosen[1] : (navigator.language || "").split("-")[0]);
  };
  window.tkTr = function (text) {
    return ((window.tkWords || {})[window.tkReads()] || {})[text] || text;
  };
  document.addEventListener("DOMContentLoaded", function () {
    document.querySelectorAll("[data-tr]").forEach(function (place) { place.textContent = window.tkTr(place.textContent); });
  });
})();

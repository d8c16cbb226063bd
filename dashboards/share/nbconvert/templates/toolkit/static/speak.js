// The words of the page's own scripts in the reader's language. `words.js` is the catalogue's part for scripts: language -> text -> text.
(function () {
  "use strict";

  if (window.tkTr) { return; } // the first words of the page brought it
  // The language that was chosen on any page of ours; else that of the browser, which is taken if there is a catalogue for it.
  window.tkReads = function () {
    var chosen = document.cookie.match(/(?:^|; )tk-language=([^;]*)/), asked = new URLSearchParams(location.search).get("language");
    return asked || (chosen ? chosen[1] : (navigator.language || "").split("-")[0]);
  };
  window.tkTr = function (text) {
    return ((window.tkWords || {})[window.tkReads()] || {})[text] || text;
  };
  // What shows the server that a page of its own asks, and not another one with this reader's cookies.
  window.tkSign = function () { return (document.cookie.match(/(?:^|; )_xsrf=([^;]*)/) || [])[1] || ""; };
  // Asks the server as things are now. An answer that leads elsewhere is not followed: it may be the page where people sign in.
  window.tkFetch = function (address, more) {
    var given = { credentials: "same-origin", cache: "no-store", redirect: "manual", headers: { "X-XSRFToken": window.tkSign() } };
    return fetch(address, Object.assign(given, more || {}));
  };
  // The page has come as far as its body: its words in the reader's language before they are painted, in place of the first words.
  window.tkOpened = function () {
    var first = document.getElementById("opening");
    if (first) { first.remove(); }
    document.querySelectorAll("[data-tr]").forEach(function (place) { place.textContent = window.tkTr(place.textContent); });
  };
})();

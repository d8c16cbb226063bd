// Tells the person when the work behind the page has ended (killed, out of memory, stopped), and offers to load the page again.
// Loaded before anything opens a connection: what the server says of the kernel passes here.
(function () {
  "use strict";

  var tr = window.tkTr;

  var Native = window.WebSocket, leaving = false, told = false;
  window.addEventListener("pagehide", function (event) { leaving = !event.persisted; });
  window.addEventListener("pageshow", function () { leaving = false; });

  function tell(why) {
    if (told || leaving || !document.body) { return; }
    told = true;
    var place = document.createElement("div"), words = document.createElement("p"), again = document.createElement("button");
    place.className = "tk-gone";
    place.setAttribute("role", "alertdialog");
    place.setAttribute("aria-label", tr("The page has stopped"));
    words.textContent = why + " " + tr("What you chose is in the address; what you kept or launched is kept.");
    again.type = "button";
    again.textContent = tr("Load the page again");
    again.addEventListener("click", function () { location.reload(); });
    place.appendChild(words);
    place.appendChild(again);
    document.body.appendChild(place);
    again.focus();
  }

  // Is there still a kernel behind the page? A connection that breaks comes back by itself as long as there is.
  function look() {
    var config = document.getElementById("jupyter-config-data");
    if (told || leaving || !config) { return; }
    config = JSON.parse(config.textContent);
    if (!config.kernelId) { return; }
    fetch(config.baseUrl + "api/kernels/" + encodeURIComponent(config.kernelId), { credentials: "same-origin", cache: "no-store" })
      .then(function (answer) {
        if (answer.status === 404) { tell(tr("This page was left for so long that its work was put away.")); }
      })
      .catch(function () { setTimeout(function () { fetch(location.href, { method: "HEAD" }).catch(stopped); }, 2000); });
  }
  function stopped() { tell(tr("The app was stopped, or cannot be reached. Ask the person who runs it to start it.")); }

  var reader = new TextDecoder();
  function hear(event) {
    heard = Date.now();
    var text = typeof event.data === "string" ? event.data : event.data instanceof ArrayBuffer && event.data.byteLength < 4096 ? reader.decode(event.data) : "";
    if (/"execution_state":\s*"(restarting|autorestarting|dead)"/.test(text)) {
      tell(tr("The work behind this page ended unexpectedly, so it no longer answers."));
    }
  }

  // A page that does not fill (its widgets came too late for the browser, say) would stay at its dots for ever: it is loaded anew. One
  // that is only slow is left alone: as long as it hears something, it is on its way, and to begin again would make all others slower.
  var SECONDS = 20, TRIES = 3, heard = Date.now();
  function late() {
    var tries = Number(sessionStorage.getItem("tk-tries") || 0);
    if (told || document.querySelector(".tk-title")) { sessionStorage.removeItem("tk-tries"); return; }
    if (document.readyState !== "complete" || Date.now() - heard < SECONDS * 1000) { setTimeout(late, 1000); return; }
    if (tries < TRIES && document.getElementById("jupyter-config-data")) {
      sessionStorage.setItem("tk-tries", String(tries + 1));
      location.reload();
    }
  }
  window.addEventListener("load", function () { heard = Date.now(); late(); });

  // A page on its way shows one dot after the other: drawn twice a second, since an animation draws sixty times and keeps a processor
  // busy that the page needs to open.
  var step = 0, dots = setInterval(function () {
    var all = document.querySelectorAll("#loading .tk-dot");
    if (!all.length && document.readyState === "complete") { clearInterval(dots); }
    all.forEach(function (dot, at) { dot.classList.toggle("tk-chosen", at === step % all.length); });
    step += 1;
  }, 500);

  window.WebSocket = function (address, protocols) {
    var socket = protocols === undefined ? new Native(address) : new Native(address, protocols);
    socket.addEventListener("message", hear);
    socket.addEventListener("close", function () { setTimeout(look, 500); });
    return socket;
  };
  window.WebSocket.prototype = Native.prototype;
  ["CONNECTING", "OPEN", "CLOSING", "CLOSED"].forEach(function (name, value) { window.WebSocket[name] = value; });
  document.addEventListener("visibilitychange", function () { if (!document.hidden) { look(); } });
})();

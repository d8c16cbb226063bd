// Tells the person when the work behind the page has ended (killed, out of memory, stopped), and offers to load the page again.
// Loaded before anything opens a connection: what the server says of the kernel passes here.
(function () {
  "use strict";

  var tr = window.tkTr;

  if (window.tkWatches) { return; } // the first words of the page brought it
  window.tkWatches = true;

  var own = document.currentScript.src, Native = window.WebSocket, leaving = false, told = null;
  window.addEventListener("pagehide", function (event) { leaving = !event.persisted; });
  window.addEventListener("pageshow", function () { leaving = false; });

  // Says why the page has stopped, with a way on. `passing`: it may still come, and then the words go.
  function tell(why, passing) {
    if ((told && !told.passing) || leaving || !document.body) { return; }
    if (told) { told.place.remove(); }
    var place = document.createElement("div"), words = document.createElement("p"), again = document.createElement("button");
    place.className = "tk-gone";
    place.setAttribute("role", "alertdialog");
    place.setAttribute("aria-label", tr("The page has stopped"));
    words.textContent = why + (passing ? "" : " " + tr("What you chose is in the address; what you kept or launched is kept."));
    again.type = "button";
    again.textContent = tr("Load the page again");
    again.addEventListener("click", function () { reachable().then(function () { location.reload(); }, stopped); });
    place.appendChild(words);
    place.appendChild(again);
    document.body.appendChild(place);
    again.focus();
    told = { place: place, words: words, passing: passing };
  }

  function reachable() { return window.tkFetch(own, { method: "HEAD" }); }

  // Is there still a kernel behind the page? A connection that breaks comes back by itself as long as there is.
  function look() {
    var config = document.getElementById("jupyter-config-data");
    if ((told && !told.passing) || leaving || !config) { return; }
    config = JSON.parse(config.textContent);
    if (!config.kernelId) { return; }
    window.tkFetch(config.baseUrl + "api/kernels/" + encodeURIComponent(config.kernelId))
      .then(function (answer) {
        if (answer.status === 404) { tell(tr("The work behind this page is gone: it was left for long, or the app was started anew.")); }
        // Who is not signed in is refused here, or led to a page of the proxy's.
        if (answer.status === 401 || answer.status === 403 || answer.type === "opaqueredirect") { tell(tr("Your session has ended.")); }
        if (answer.status === 502 || answer.status === 503 || answer.status === 504) { stopped(); } // the proxy is there, the app is not
      })
      .catch(function () { setTimeout(function () { reachable().then(look, stopped); }, 2000); });
  }

  // Where the app comes back, the words say so; the page itself stays for who wants to read it.
  function stopped() {
    tell(tr("The app was stopped, or cannot be reached. Ask the person who runs it to start it."));
    if (!told || told.waits || leaving) { return; }
    told.waits = setInterval(function () {
      reachable().then(function (answer) {
        if (answer.status >= 502 && answer.status <= 504) { return; }
        clearInterval(told.waits);
        told.words.textContent = tr("The app can be reached again: load the page anew.") + " " + tr("What you chose is in the address; what you kept or launched is kept.");
      }, function () {});
    }, 3000);
  }

  var reader = new TextDecoder();
  function hear(event) {
    heard = Date.now();
    var text = typeof event.data === "string" ? event.data : event.data instanceof ArrayBuffer && event.data.byteLength < 4096 ? reader.decode(event.data) : "";
    if (/"execution_state":\s*"(restarting|autorestarting|dead)"/.test(text)) {
      tell(tr("The work behind this page ended unexpectedly, so it no longer answers."));
    }
  }

  // A page of which nothing more comes would stay at its dots for ever. One that is only slow is left alone: as long as it hears
  // something, it is on its way, and to begin again would make all others slower.
  var SECONDS = 15, heard = Date.now(), late = setInterval(function () {
    if (document.querySelector(".tk-title")) {
      clearInterval(late);
      if (told && told.passing) { told.place.remove(); told = null; }
    } else if (!told && Date.now() - heard > (SECONDS - 1) * 1000) {
      tell(tr("This page has not started within 15 seconds: the app has too much to do, or stands still. It still tries."), true);
    }
  }, 500);

  // A page on its way shows one dot after the other: drawn twice a second, since an animation draws sixty times and keeps a processor
  // busy that the page needs to open.
  var step = 0, dots = setInterval(function () {
    var all = document.querySelectorAll("#opening .tk-dot, #loading .tk-dot");
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

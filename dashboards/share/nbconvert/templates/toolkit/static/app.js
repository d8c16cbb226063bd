// Draws the charts of the page with its one copy of Vega, and tells screen readers what the widgets cannot say themselves.
(function () {
  "use strict";

  function missing(place, why) {
    place.textContent = "";
    var note = document.createElement("p");
    note.className = "tk-quiet-note";
    note.textContent = "This chart could not be drawn (" + why + "); the table holds the same figures.";
    place.appendChild(note);
    place.removeAttribute("role");
    place.dataset.drawn = "no";
  }

  // A chart as wide as its place can only be drawn in a place that is laid out.
  function laidOut(place, tries) {
    return new Promise(function (done) {
      (function look(left) {
        if (left <= 0 || (place.isConnected && place.clientWidth > 0)) { done(); } else { setTimeout(look, 25, left - 1); }
      })(tries);
    });
  }

  function draw(place) {
    place.dataset.drawn = "wait";
    if (!window.vegaEmbed) { missing(place, "the chart library did not load"); return; }
    laidOut(place, 200).then(function () {
      if (!place.isConnected) { return; }
      var inner = document.createElement("div");
      place.appendChild(inner);
      return window.vegaEmbed(inner, JSON.parse(place.dataset.spec), {
        renderer: "svg", ast: true, downloadFileName: "chart",
        actions: { export: true, source: false, compiled: false, editor: false }
      }).then(function (made) {
        if (place.dataset.brush) { hear(made.view, place); }
        if (place.dataset.pick) { pick(made.view, place); }
        place.dataset.drawn = "yes";
      });
    }).catch(function (error) { missing(place, String(error)); });
  }

  // A rectangle drawn on a chart is written into a field that Python observes, once the hand rests.
  var brushes = 0;
  // Each part of the page has its own fields.
  function fieldOf(place, name) {
    var part = place.closest(".tk-main") || document;
    return part.querySelector("." + name + " input");
  }

  function hear(view, place) {
    var resting;
    view.addSignalListener("brush", function (_name, chosen) {
      clearTimeout(resting);
      resting = setTimeout(function () {
        if (!chosen || !Object.keys(chosen).length) { return; }
        brushes += 1;
        fill(fieldOf(place, place.dataset.brush), brushes + "|" + JSON.stringify(chosen));
      }, 300);
    });
  }

  // A mark that is clicked: the row of data behind it.
  function pick(view, place) {
    view.addEventListener("click", function (_event, item) {
      if (!item || !item.datum) { return; }
      var row = {};
      Object.keys(item.datum).forEach(function (name) {
        if (["string", "number", "boolean"].indexOf(typeof item.datum[name]) >= 0) { row[name] = item.datum[name]; }
      });
      brushes += 1;
      fill(fieldOf(place, place.dataset.pick), brushes + "|" + JSON.stringify(row));
    });
  }

  function fill(field, text) {
    if (!field) { return; }
    field.value = text;
    ["input", "change"].forEach(function (kind) { field.dispatchEvent(new Event(kind, { bubbles: true })); });
  }

  function set(element, name, value) {
    if (element.getAttribute(name) !== value) { element.setAttribute(name, value); }
  }

  // The view is in the address: what Python tells is written there, where the person goes is told to Python.
  var went = 0, opened = false;
  function sorted(given) {
    given.delete("token");
    given.sort();
    return given.toString();
  }
  function query() { return sorted(new URLSearchParams(location.search)); }
  function go() {
    went += 1;
    fill(document.querySelector(".tk-address-went input"), went + "|" + query());
  }
  function keepAddress() {
    var told = document.querySelector(".tk-address-told span");
    if (!opened && told && document.querySelector(".tk-address-went input")) {
      opened = true;
      if (location.search.indexOf("token=") >= 0) { history.replaceState(null, "", location.pathname + (query() ? "?" + query() : "")); }
      go(); // also with nothing in the address: Python works out the rest of what opens only for a person who looks
      if (query()) { return; }
    }
    var wanted = told ? sorted(new URLSearchParams(told.dataset.query)) : "";
    if (told && told.dataset.moves !== "0" && wanted !== query()) { history.pushState(null, "", location.pathname + (wanted ? "?" + wanted : "")); }
  }
  window.addEventListener("popstate", go);

  function look() {
    keepAddress();
    document.querySelectorAll(".tk-chart[data-spec]:not([data-drawn])").forEach(draw);
    document.querySelectorAll(".tk-question-button, .tk-toggle, .tk-tab").forEach(function (button) {
      set(button, "aria-pressed", button.classList.contains("tk-chosen") ? "true" : "false");
    });
    document.querySelectorAll(".tk-ask").forEach(function (group) { set(group, "role", "group"); var asks = group.querySelector("h2"); set(group, "aria-label", asks ? asks.textContent : "Question"); });
    document.querySelectorAll(".tk-menu").forEach(function (menu) { set(menu, "role", "navigation"); set(menu, "aria-label", "Questions"); });
    document.querySelectorAll(".tk-main").forEach(function (main) { set(main, "role", "region"); set(main, "aria-label", "Answer"); });
    document.querySelectorAll(".tk-page").forEach(function (page) { set(page, "role", "main"); });
    document.querySelectorAll(".tk-tabs").forEach(function (tabs) { set(tabs, "role", "group"); set(tabs, "aria-label", "Parts of this page"); });
    document.querySelectorAll(".tk-scope").forEach(function (scope) { set(scope, "role", "group"); set(scope, "aria-label", "Whose figures, and when"); });
    document.querySelectorAll(".tk-head").forEach(function (head) { set(head, "aria-live", "polite"); });
    document.querySelectorAll(".tk-scroll").forEach(function (table) { set(table, "tabindex", "0"); set(table, "role", "region"); set(table, "aria-label", "Table"); });
  }

  // A question from the foot of an answer, or from the menu on a narrow screen: bring its headline into sight.
  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest(".tk-next-button, .tk-question-button");
    var part = button && button.closest(".tk-asking"), main = part && part.querySelector(".tk-main");
    if (!main) { return; }
    var top = main.getBoundingClientRect().top;
    if (top < 0 || top > window.innerHeight * 0.7) {
      main.scrollIntoView({ block: "start", behavior: window.matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    }
  });

  var asked = false;
  function later() {
    if (!asked) { asked = true; requestAnimationFrame(function () { asked = false; look(); }); }
  }
  new MutationObserver(later).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["class"] });
  later();

  // A closed page ends its kernel: 200 MB that nobody reads any more. (A page that the browser keeps for "back" is not closed.)
  window.addEventListener("pagehide", function (event) {
    var told = document.getElementById("jupyter-config-data");
    if (event.persisted || !told) { return; }
    var config = JSON.parse(told.textContent);
    var cookie = document.cookie.match(/(?:^|; )_xsrf=([^;]*)/);
    if (!config.kernelId) { return; }
    fetch(config.baseUrl + "voila/api/shutdown/" + encodeURIComponent(config.kernelId), {
      method: "POST", keepalive: true, credentials: "same-origin", headers: { "X-XSRFToken": cookie ? cookie[1] : "" }
    }).catch(function () {});
  });
})();

// Draws the charts of the page with its one copy of Vega, and tells screen readers what the widgets cannot say themselves.
(function () {
  "use strict";

  var tr = window.tkTr;

  function missing(place, why) {
    place.textContent = "";
    var note = document.createElement("p");
    note.className = "tk-quiet-note";
    note.textContent = tr("This chart could not be drawn; the table holds the same figures.") + " (" + why + ")";
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

  // Words above a chart are folded to the width there is; where it is narrow, figures beside the plot are left to the table.
  var pen = document.createElement("canvas").getContext("2d");
  var WORDS = /[\u2e80-\u9fff\uff00-\uffef][\u3001\u3002\uff01\uff09\uff0c\uff1a\uff1b\uff1f]*|[^\s\u2e80-\u9fff\uff00-\uffef]+\s*/g; // one sign of Chinese is a word
  function folded(text, font, width) {
    pen.font = font;
    var lines = [], words = [].concat(text).join(" ").match(WORDS) || [];
    words = words.reduce(function (all, word) { // a word wider than the place is cut
      var most = Math.max(8, Math.floor(word.length * width / Math.max(pen.measureText(word).width, width)));
      for (; word.length > most; word = word.slice(most)) { all.push(word.slice(0, most)); }
      return all.concat(word);
    }, []).slice(0, 60);
    words.forEach(function (word) {
      var last = lines.length - 1, longer = last < 0 ? word : lines[last] + word;
      if (last >= 0 && pen.measureText(longer.trim()).width <= width) { lines[last] = longer; } else { lines.push(word); }
    });
    return lines.map(function (line) { return line.trim(); });
  }

  function beyond(place) {
    var svg = place.querySelector("svg.marks"), edge = svg ? svg.getBoundingClientRect().right : 0, over = 0;
    place.querySelectorAll("svg.marks .role-mark text").forEach(function (one) { over = Math.max(over, one.getBoundingClientRect().right - edge); });
    return over;
  }

  function crowded(place) {
    var boxes = [].map.call(place.querySelectorAll("svg.marks .role-mark text"), function (one) { return one.getBoundingClientRect(); });
    return boxes.length < 80 && boxes.some(function (one, at) {
      return one.width && boxes.slice(at + 1).some(function (other) {
        return other.width && one.left < other.right - 3 && other.left < one.right - 3 && one.top < other.bottom - 4 && other.top < one.bottom - 4;
      });
    });
  }

  function stackLegends(part) {
    Object.keys(part).forEach(function (key) {
      if (!part[key] || typeof part[key] !== "object" || key === "data" || key === "datasets") { return; }
      if (key !== "legend") { stackLegends(part[key]); return; }
      if (part.type === "quantitative" || part[key].gradientLength) { return; } // a scale of colours lies along the top
      part[key].columns = 1;
      part[key][part.type ? "direction" : "symbolDirection"] = "vertical"; // without a type: the settings of all legends
    });
  }

  var NARROW = 480;
  function fitted(spec, place) {
    var title = typeof spec.title === "string" ? { text: spec.title } : spec.title, config = (spec.config || {}).title || {};
    var family = config.font || (spec.config || {}).font || "sans-serif", room = place.clientWidth - 56;
    if (title && title.text) {
      title.text = folded(title.text, "600 " + (title.fontSize || config.fontSize || 14) + "px " + family, room);
      if (title.subtitle) { title.subtitle = folded(title.subtitle, (title.subtitleFontSize || config.subtitleFontSize || 12) + "px " + family, room); }
      spec.title = Object.assign(title, { frame: "bounds", anchor: "start" }); // flush with the sentence above and the table below
    }
    spec.padding = { left: 0, top: 5, bottom: 5, right: 5 + Number(place.dataset.room || 0) };
    if (place.clientWidth < NARROW) { stackLegends(spec); }
    if (place.dataset.least) {
      spec.width = Math.round(parseFloat(place.style.maxWidth) * 0.6);
      spec.autosize = { type: "pad", contains: "padding" };
    }
    if (place.dataset.beside && place.clientWidth < NARROW) {
      spec.layer = spec.layer.filter(function (layer) {
        var at = ((layer.encoding || {}).x || {}).value;
        return !(at && typeof at.expr === "string");
      });
    }
    return spec;
  }

  function silent(spec) {
    ["marks", "axes", "legends"].forEach(function (kind) {
      (spec[kind] || []).forEach(function (one) { one.aria = false; silent(one); });
    });
    if (spec.title && typeof spec.title === "object") { spec.title.aria = false; }
    return spec;
  }

  // A picture is one thing with a name. Its marks, which have none of their own, are no things for who does not see it, and the fold beside
  // it (Vega's own is without words) is no part of it.
  function named(place) {
    var svg = place.querySelector("svg.marks");
    place.dataset.told = place.dataset.told || place.getAttribute("aria-label") || "";
    if (svg) {
      svg.removeAttribute("aria-roledescription");
      set(svg, "role", "img");
      set(svg, "aria-label", place.dataset.told);
      [place, svg.parentNode].forEach(function (around) {
        ["role", "aria-roledescription", "aria-label"].forEach(function (name) { around.removeAttribute(name); });
      });
    }
    place.querySelectorAll(".vega-embed summary").forEach(function (fold) { set(fold, "aria-label", tr("Save the picture")); });
  }

  // Vega follows the width by itself; what was fitted to another width is drawn again.
  var turning;
  window.addEventListener("resize", function () {
    clearTimeout(turning);
    turning = setTimeout(function () {
      document.querySelectorAll(".tk-chart[data-drawn=yes]").forEach(function (place) {
        var was = Number(place.dataset.width), now = place.clientWidth;
        if (now > 0 && now !== was && Math.min(now, was) < NARROW * 1.5) { ["room", "tries", "least"].forEach(function (one) { delete place.dataset[one]; }); draw(place); }
      });
    }, 300);
  });

  function draw(place) {
    place.dataset.drawn = "wait";
    if (!window.vegaEmbed) { missing(place, tr("the chart library did not load")); return; }
    laidOut(place, 200).then(function () {
      if (!place.isConnected) { return; }
      var inner = document.createElement("div");
      place.replaceChildren(inner);
      place.dataset.width = place.clientWidth;
      return window.vegaEmbed(inner, fitted(JSON.parse(place.dataset.spec), place), {
        renderer: "svg", ast: true, downloadFileName: "chart", patch: silent,
        actions: { export: true, source: false, compiled: false, editor: false }
      }).then(function (made) {
        if (place.dataset.brush) { hear(made.view, place); }
        if (place.dataset.pick) { pick(made.view, place); }
        named(place);
        place.dataset.drawn = "yes";
        if (!place.style.maxWidth || place.dataset.least) { return; } // of its own width: it scrolls in its place
        var over = beyond(place), room = Number(place.dataset.room || 0), tries = Number(place.dataset.tries || 0);
        if (place.clientWidth < NARROW * 1.5 && (made.view.width() < 130 || tries > 2 || crowded(place))) {
          place.dataset.least = "yes"; // too little room to be read: better scrolled
          draw(place);
        } else if (over > 1 && tries < 3) { // words at the end of a bar that reach over the edge
          place.dataset.tries = tries + 1;
          place.dataset.room = room + Math.ceil(over) + 4;
          draw(place);
        }
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

  // A cell of a table that names members does what the mark of the chart does.
  document.addEventListener("click", function (event) {
    var cell = event.target.closest && event.target.closest("button.tk-cell"), field = cell && fieldOf(cell, "tk-picked");
    if (!field) { return; }
    var row = {}, main = cell.closest(".tk-main");
    row[cell.dataset.column] = cell.dataset.value;
    brushes += 1;
    fill(field, brushes + "|" + JSON.stringify(row));
    main.tabIndex = -1; // the cell goes with its table
    main.focus({ preventScroll: true });
    if (main.getBoundingClientRect().top < 0) { main.scrollIntoView({ block: "start" }); }
  });

  function fill(field, text) {
    if (!field) { return; }
    field.value = text;
    ["input", "change"].forEach(function (kind) { field.dispatchEvent(new Event(kind, { bubbles: true })); });
  }

  // What is typed into a row stays there until Python has heard it: a row that comes from Python meanwhile (with the words that it completes)
  // puts its own text into the field, and the browser then sees no change to tell of.
  function typedIn(field) { return field.matches && field.matches(".tk-row input:not([type=date])"); }
  function keepTyped() {
    var field = document.activeElement;
    if (field && field.tkTyped !== undefined && field.value !== field.tkTyped) { field.value = field.tkTyped; }
  }
  document.addEventListener("input", function (event) { if (typedIn(event.target)) { event.target.tkTyped = event.target.value; } }, true);
  document.addEventListener("change", function (event) { delete event.target.tkTyped; }, true);
  document.addEventListener("focusout", function (event) {
    var field = event.target, typed = field.tkTyped;
    if (typed === undefined) { return; }
    field.value = typed;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }, true);

  // Files that a person drops or chooses go to the server one after the other; Python is told the names under which they lie there.
  document.addEventListener("change", function (event) {
    var place = event.target.matches && event.target.matches("input.tk-files") && event.target.closest(".tk-drop");
    if (place) { send(place, [].slice.call(event.target.files)); event.target.value = ""; }
  });
  ["dragenter", "dragover", "dragleave", "drop"].forEach(function (kind) {
    document.addEventListener(kind, function (event) {
      var held = event.dataTransfer && [].indexOf.call(event.dataTransfer.types || [], "Files") >= 0;
      if (!held || !document.querySelector(".tk-drop")) { return; }
      event.preventDefault(); // a file that misses the place must not take the page's
      var place = event.target.closest && event.target.closest(".tk-drop");
      document.querySelectorAll(".tk-drop").forEach(function (one) { one.classList.toggle("tk-chosen", one === place && kind !== "dragleave" && kind !== "drop"); });
      if (kind === "drop" && place) { send(place, [].slice.call(event.dataTransfer.files)); }
    });
  });

  var sending = false;
  function send(place, files) {
    var config = JSON.parse(document.getElementById("jupyter-config-data").textContent), names = [], slot = place.dataset.slot;
    if (sending || !files.length) { return; }
    sending = true;
    function tell(text, wrong) { // the place may have been drawn anew meanwhile
      document.querySelectorAll(".tk-drop-told").forEach(function (told) { told.textContent = text; told.classList.toggle("tk-wrong", Boolean(wrong)); });
    }
    function end(why) {
      sending = false;
      tell(why || "", why);
      brushes += 1;
      if (names.length) { fill(fieldOf(document.querySelector(".tk-drop") || place, "tk-arrived"), brushes + "|" + JSON.stringify(names)); }
    }
    (function next() {
      var file = files.shift(), request = new XMLHttpRequest();
      if (!file) { end(); return; }
      request.upload.addEventListener("progress", function (event) {
        tell(file.name + ": " + Math.floor(100 * event.loaded / Math.max(event.total, 1)) + "%");
      });
      request.addEventListener("load", function () {
        var answer = {};
        try { answer = JSON.parse(request.responseText); } catch (_) { /* no word of ours */ }
        if (request.status === 200 && answer.name) { names.push(answer.name); next(); } else { end(file.name + ": " + (answer.why || tr("The file did not arrive."))); }
      });
      request.addEventListener("error", function () { end(file.name + ": " + tr("The file did not arrive.")); });
      request.open("PUT", config.baseUrl + "receipts/" + encodeURIComponent(slot) + "?name=" + encodeURIComponent(file.name));
      request.setRequestHeader("X-XSRFToken", window.tkSign());
      request.send(file);
    })();
  }

  function set(element, name, value) {
    if (element.getAttribute(name) !== value) { element.setAttribute(name, value); }
  }

  // The view is in the address: what Python tells is written there, where the person goes is told to Python.
  var went = 0, answered = 0, opened = false;
  function sorted(given) {
    given.delete("token");
    given.sort();
    return given.toString();
  }
  function query() { return sorted(new URLSearchParams(location.search)); }
  function go() {
    var wanted = new URLSearchParams(query());
    if (window.tkReads()) { wanted.set("language", window.tkReads()); }
    went += 1;
    fill(document.querySelector(".tk-address-went input"), went + "|" + sorted(wanted));
  }
  function keepLanguage(code) {
    if (!code || document.documentElement.lang === code) { return; }
    document.documentElement.lang = code;
    var place = JSON.parse((document.getElementById("jupyter-config-data") || {}).textContent || "{}").baseUrl || "/";
    document.cookie = "tk-language=" + code + ";path=" + place + ";max-age=31536000;SameSite=Lax";
  }
  // A page that was worked out ahead is in the server's language until Python has heard of the reader's: it is shown when it is in theirs.
  var turned = false;
  function turn(language) {
    var reads = window.tkReads(), waits = !turned && reads !== language && (reads === "en" || reads in (window.tkWords || {}));
    turned = turned || !waits;
    document.body.classList.toggle("tk-turning", waits);
    if (waits) { setTimeout(function () { turned = true; document.body.classList.remove("tk-turning"); }, 8000); }
  }
  function keepAddress() {
    var told = document.querySelector(".tk-address-told span");
    if (!opened && told && document.querySelector(".tk-address-went input")) {
      opened = true;
      turn(told.dataset.language);
      if (location.search.indexOf("token=") >= 0) { history.replaceState(null, "", location.pathname + (query() ? "?" + query() : "")); }
      go(); // also with nothing in the address: Python works out the rest of what opens only for a person who looks
      if (query()) { return; }
    }
    // Until Python has taken in where the person went last, what it tells is where they were before.
    if (!told || told.dataset.moves === "0" || Number(told.dataset.went) !== went) { return; }
    turn(told.dataset.language);
    keepLanguage(told.dataset.language);
    var wanted = sorted(new URLSearchParams(told.dataset.query)), place = location.pathname + (wanted ? "?" + wanted : "");
    if (wanted !== query()) { history[answered === went ? "pushState" : "replaceState"](null, "", place); }
    answered = went;
  }
  window.addEventListener("popstate", go);

  function look() {
    keepAddress();
    keepTyped();
    document.querySelectorAll(".tk-chart[data-spec]:not([data-drawn])").forEach(draw);
    document.querySelectorAll(".tk-question-button, .tk-toggle, .tk-tab, .tk-language").forEach(function (button) {
      set(button, "aria-pressed", button.classList.contains("tk-chosen") ? "true" : "false");
    });
    document.querySelectorAll(".tk-ask").forEach(function (group) { set(group, "role", "group"); var asks = group.querySelector("h2"); set(group, "aria-label", asks ? asks.textContent : tr("Question")); });
    document.querySelectorAll(".tk-menu").forEach(function (menu) { set(menu, "role", "navigation"); set(menu, "aria-label", tr("Questions")); });
    document.querySelectorAll(".tk-main").forEach(function (main) { set(main, "role", "region"); set(main, "aria-label", tr("Answer")); });
    document.querySelectorAll(".tk-page").forEach(function (page) { set(page, "role", "main"); });
    document.querySelectorAll(".tk-tabs").forEach(function (tabs) { set(tabs, "role", "group"); set(tabs, "aria-label", tr("Parts of this page")); });
    document.querySelectorAll(".tk-scope").forEach(function (scope) { set(scope, "role", "group"); set(scope, "aria-label", tr("Whose figures, and when")); });
    document.querySelectorAll(".tk-head").forEach(function (head) { set(head, "aria-live", "polite"); });
    // What the widgets leave unnamed: a slider's handle, and its figure, which can be typed over.
    document.querySelectorAll(".widget-slider").forEach(function (slider) {
      var words = slider.querySelector(".widget-label").textContent, said = slider.querySelector(".widget-readout");
      var handle = slider.querySelector("[role=slider]");
      if (handle && said) { set(handle, "aria-label", words); set(handle, "aria-valuetext", said.textContent); }
      if (said) { set(said, "role", "textbox"); set(said, "aria-label", words); }
    });
    document.querySelectorAll(".tk-headline").forEach(function (head) { set(head, "role", "heading"); set(head, "aria-level", "2"); });
    document.querySelectorAll('[title="null"], [title=""]').forEach(function (one) { one.removeAttribute("title"); });
    document.querySelectorAll(".tk-scroll").forEach(function (table) { set(table, "tabindex", "0"); set(table, "role", "group"); set(table, "aria-label", tr("Table")); });
  }

  // A question from the foot of an answer, or from the menu on a narrow screen: bring its headline into sight.
  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest(".tk-next-button, .tk-question-button");
    var part = button && button.closest(".tk-asking"), main = part && part.querySelector(".tk-main");
    if (!main) { return; }
    var fold = button.closest(".tk-folds") && button.closest(".tk-folds").querySelector(".tk-fold details");
    if (fold && fold.getClientRects().length) { fold.open = false; main.tabIndex = -1; main.focus({ preventScroll: true }); } // the button is folded away
    var top = main.getBoundingClientRect().top;
    if (top < 0 || top > window.innerHeight * 0.7) { bring(main); }
  });
  function bring(part) {
    part.scrollIntoView({ block: "start", behavior: window.matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  }

  // A long form that is folded away leaves the person where it began, with the answer below.
  document.addEventListener("toggle", function (event) {
    var box = event.target.closest(".tk-fold") && event.target.closest(".tk-folds");
    if (box && !event.target.open && box.getBoundingClientRect().top < 0) { box.scrollIntoView({ block: "start" }); }
  }, true);

  // A way to a part of the page.
  document.addEventListener("click", function (event) {
    var way = event.target.closest && event.target.closest("a[data-way]");
    var part = way && document.querySelector(".tk-section-" + CSS.escape(way.dataset.way));
    if (!part) { return; }
    event.preventDefault();
    part.tabIndex = -1;
    part.focus({ preventScroll: true });
    var fold = way.closest(".tk-folds") && way.closest(".tk-folds").querySelector(".tk-fold details");
    if (fold && fold.getClientRects().length) { fold.open = false; }
    bring(part);
  });

  var asked = false;
  function later() {
    if (!asked) { asked = true; requestAnimationFrame(function () { asked = false; look(); }); }
  }
  new MutationObserver(later).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["class", "placeholder"] });
  later();

  // A closed page ends its kernel: 200 MB that nobody reads any more. (A page that the browser keeps for "back" is not closed.)
  window.addEventListener("pagehide", function (event) {
    var told = document.getElementById("jupyter-config-data");
    if (event.persisted || !told) { return; }
    var config = JSON.parse(told.textContent);
    if (!config.kernelId) { return; }
    fetch(config.baseUrl + "voila/api/shutdown/" + encodeURIComponent(config.kernelId), {
      method: "POST", keepalive: true, credentials: "same-origin", headers: { "X-XSRFToken": window.tkSign() }
    }).catch(function () {});
  });
})();

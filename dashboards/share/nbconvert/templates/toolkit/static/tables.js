// Tables of answers, in the apps and in reports: 25 rows a page, sorted by any heading, searched, saved as CSV and for Excel. No kernel, no network.
(function () {
  "use strict";

  var ON_A_PAGE = 25, ON_PAPER = 60, SEARCHED_FROM = 10;
  var FORMULA = /^[\s\x00]*[=+\-@\t\r\n\x0b\x0c\uff1d\uff0b\uff0d\uff20]/; // as `toolkit.saving.harmless`

  function made(tag, css, text) {
    var one = document.createElement(tag);
    if (css) { one.className = css; }
    if (text !== undefined) { one.textContent = text; }
    if (tag === "button") { one.type = "button"; }
    return one;
  }
  function said(words, values) {
    return words.replace(/\{(\w+)\}/g, function (_all, name) { return values[name]; });
  }

  // A cell is [what is shown, what it is worth: a number, a text, or null where it is not known].
  function cellOf(td) {
    var text = td.textContent, worth = td.dataset.v;
    if (td.hasAttribute("data-none")) { return [text, null]; }
    return [text, worth === undefined ? text : Number(worth)];
  }
  function given(cell) {
    return cell === null ? ["–", null] : typeof cell === "string" ? [cell, cell] : cell;
  }

  function rowOf(cells, like) {
    var row = made("tr");
    cells.forEach(function (cell, at) {
      var td = made("td", like[at].className), pressed = like[at].pick;
      if (pressed && typeof cell[1] === "string") {
        var pick = made("button", "tk-cell", cell[0]);
        pick.title = pressed.title;
        pick.dataset.column = pressed.column;
        pick.dataset.value = cell[2] || cell[1];
        td.appendChild(pick);
      } else { td.textContent = cell[0]; }
      row.appendChild(td);
    });
    return row;
  }

  function open(place) {
    place.dataset.ready = "yes";
    var words = JSON.parse(place.dataset.words), table = place.querySelector("table"), body = table.tBodies[0];
    var heads = [].slice.call(table.tHead.rows[0].cells), labels = heads.map(function (head) { return head.textContent; });
    var items = [].map.call(body.rows, function (row, at) {
      return { at: at, row: row, cells: [].map.call(row.cells, cellOf) };
    });
    var like = items.length ? heads.map(function (_head, at) {
      var pick = body.querySelector("tr > :nth-child(" + (at + 1) + ") > button.tk-cell");
      return { className: items[0].row.cells[at].className, pick: pick && { title: pick.title, column: pick.dataset.column } };
    }) : [];
    JSON.parse(place.dataset.more || "[]").forEach(function (cells) {
      items.push({ at: items.length, cells: cells.map(given) });
    });
    delete place.dataset.more;
    var state = { page: 0, by: -1, down: false, words: "", shown: items, rows: ON_A_PAGE };

    var bar = made("div", "tk-table-bar"), foot = made("div", "tk-table-foot"), told = made("span", "tk-table-told"), search;
    told.setAttribute("role", "status");
    if (items.length > SEARCHED_FROM) {
      search = made("input", "tk-table-search");
      search.type = "search";
      search.placeholder = words.search;
      search.setAttribute("aria-label", words.search);
      search.addEventListener("input", function () { state.words = search.value; state.page = 0; look(); });
      bar.appendChild(search);
    }
    bar.appendChild(told);
    var before = made("button", "tk-table-turn", words.before), next = made("button", "tk-table-turn", words.next);
    before.addEventListener("click", function () { state.page -= 1; look(); if (before.disabled) { next.focus(); } });
    next.addEventListener("click", function () { state.page += 1; look(); if (next.disabled) { before.focus(); } });
    var turns = made("span", "tk-table-turns");
    turns.append(before, next);
    foot.appendChild(turns);
    [["csv", csv, "text/csv;charset=utf-8"], ["xlsx", xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"]].forEach(function (kind) {
      var file = made("button", "tk-download", words[kind[0]]);
      file.dataset.file = kind[0];
      file.addEventListener("click", function () { save(place.dataset.name + "." + kind[0], new Blob(kind[1](), { type: kind[2] })); });
      foot.appendChild(file);
    });
    place.insertBefore(bar, place.firstChild);
    place.appendChild(foot);

    heads.forEach(function (head, at) {
      var numeric = items.some(function (item) { return typeof item.cells[at][1] === "number"; });
      var button = made("button", "tk-sort", labels[at]);
      head.scope = "col";
      head.replaceChildren(button);
      button.addEventListener("click", function () { // its own way first, then the other, then as the answer had it
        var first = numeric;
        if (state.by !== at) { state.by = at; state.down = first; } else if (state.down === first) { state.down = !first; } else { state.by = -1; }
        heads.forEach(function (one) { one.removeAttribute("aria-sort"); });
        if (state.by === at) { head.setAttribute("aria-sort", state.down ? "descending" : "ascending"); }
        state.page = 0;
        look();
      });
    });

    function order() {
      var parts = state.words.trim().toLocaleLowerCase().split(/\s+/).filter(Boolean), by = state.by, sign = state.down ? -1 : 1;
      state.shown = items.filter(function (item) {
        item.text = item.text || item.cells.map(function (cell) { return cell[0]; }).join("\n").toLocaleLowerCase();
        return parts.every(function (part) { return item.text.indexOf(part) >= 0; });
      });
      if (by < 0) { return; }
      state.shown.sort(function (one, other) {
        var a = one.cells[by][1], b = other.cells[by][1];
        if (a === null || b === null) { return (a === null) - (b === null) || one.at - other.at; } // what is not known comes last either way
        var differ = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), document.documentElement.lang, { numeric: true });
        return sign * differ || one.at - other.at;
      });
    }

    function look() {
      order();
      var all = state.shown.length, last = Math.max(0, Math.ceil(all / state.rows) - 1);
      state.page = Math.min(Math.max(state.page, 0), last);
      var first = state.page * state.rows, page = state.shown.slice(first, first + state.rows);
      body.replaceChildren.apply(body, page.map(function (item) { return item.row || (item.row = rowOf(item.cells, like)); }));
      if (!all) { var none = made("td", "tk-txt", words.none); none.colSpan = heads.length; var row = made("tr"); row.appendChild(none); body.appendChild(row); }
      turns.hidden = last === 0;
      before.disabled = state.page === 0;
      next.disabled = state.page === last;
      told.textContent = !state.words.trim() && last === 0 ? "" : said(state.words.trim() ? words.found : words.range, { first: all ? first + 1 : 0, last: first + page.length, found: all, all: items.length });
      bar.hidden = !search && !told.textContent;
    }

    // On paper there is no next page.
    window.addEventListener("beforeprint", function () { state.rows = ON_PAPER; look(); });
    window.addEventListener("afterprint", function () { state.rows = ON_A_PAGE; look(); });
    var more = place.closest(".tk-answer").querySelector(".tk-more");
    if (more && !place.dataset.cut) { more.remove(); }
    look();

    function worth(cell) { return typeof cell[1] === "number" ? cell[1] : cell[1] === null ? null : harmless(cell[0]); }
    function csv() {
      var lines = [labels.map(harmless)].concat(items.map(function (item) { return item.cells.map(worth); }));
      return ["\ufeff", lines.map(function (cells) { return cells.map(quoted).join(",") + "\r\n"; }).join("")];
    }
    function xlsx() {
      var notes = [].map.call(place.closest(".tk-answer").querySelectorAll(".tk-notes li"), function (note) { return [harmless(note.textContent.trim())]; });
      var lines = [[harmless(place.dataset.told)], [], labels.map(harmless)].concat(items.map(function (item) { return item.cells.map(worth); }), [[]], notes);
      return [book(lines, 2)];
    }
  }

  function harmless(text) { return FORMULA.test(text) ? "'" + text : text; }
  function quoted(value) {
    var text = value === null ? "" : String(value);
    return /[",\r\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
  }

  function save(name, content) {
    var link = made("a");
    link.href = URL.createObjectURL(content);
    link.download = name;
    document.body.appendChild(link);
    link.click();
    link.remove();
    setTimeout(function () { URL.revokeObjectURL(link.href); }, 60000);
  }

  // A workbook is XML in a zip; stored, not packed, so that no library is needed.
  function letters(at) { return (at >= 26 ? letters(Math.floor(at / 26) - 1) : "") + String.fromCharCode(65 + at % 26); }
  function xml(text) {
    return String(text).slice(0, 32767).replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "").replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  }
  function book(lines, bold) {
    var ns = "http://schemas.openxmlformats.org/", head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';
    var main = ns + "spreadsheetml/2006/main", parts = "application/vnd.openxmlformats-officedocument.spreadsheetml.";
    var rows = lines.map(function (cells, number) {
      return '<row r="' + (number + 1) + '">' + cells.map(function (value, at) {
        var to = letters(at) + (number + 1), style = number === bold ? ' s="1"' : "";
        if (value === null || (typeof value === "number" && !isFinite(value))) { return ""; }
        if (typeof value === "number") { return '<c r="' + to + '"><v>' + value + "</v></c>"; }
        return '<c r="' + to + '" t="inlineStr"' + style + '><is><t xml:space="preserve">' + xml(value) + "</t></is></c>";
      }).join("") + "</row>";
    }).join("");
    return zip([
      ["[Content_Types].xml", head + '<Types xmlns="' + ns + 'package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="' + parts + 'sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="' + parts + 'worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="' + parts + 'styles+xml"/></Types>'],
      ["_rels/.rels", head + '<Relationships xmlns="' + ns + 'package/2006/relationships"><Relationship Id="rId1" Type="' + ns + 'officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>'],
      ["xl/workbook.xml", head + '<workbook xmlns="' + main + '" xmlns:r="' + ns + 'officeDocument/2006/relationships"><sheets><sheet name="1" sheetId="1" r:id="rId1"/></sheets></workbook>'],
      ["xl/_rels/workbook.xml.rels", head + '<Relationships xmlns="' + ns + 'package/2006/relationships"><Relationship Id="rId1" Type="' + ns + 'officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="' + ns + 'officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>'],
      ["xl/styles.xml", head + '<styleSheet xmlns="' + main + '"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf/><xf fontId="1" applyFont="1"/></cellXfs></styleSheet>'],
      ["xl/worksheets/sheet1.xml", head + '<worksheet xmlns="' + main + '"><sheetViews><sheetView workbookViewId="0"><pane xSplit="1" ySplit="' + (bold + 1) + '" topLeftCell="B' + (bold + 2) + '" activePane="bottomRight" state="frozen"/></sheetView></sheetViews><sheetData>' + rows + "</sheetData></worksheet>"]
    ]);
  }

  function crc(bytes) {
    var all = -1;
    for (var at = 0; at < bytes.length; at += 1) {
      all ^= bytes[at];
      for (var bit = 0; bit < 8; bit += 1) { all = (all >>> 1) ^ (0xedb88320 & -(all & 1)); }
    }
    return ~all >>> 0;
  }
  function little(numbers) { // [value, bytes] pairs
    return new Uint8Array([].concat.apply([], numbers.map(function (pair) {
      return Array.from({ length: pair[1] }, function (_none, at) { return (pair[0] >>> (8 * at)) & 255; });
    })));
  }
  function zip(files) {
    var pieces = [], directory = [], at = 0, length = 0;
    files.forEach(function (file) {
      var name = new TextEncoder().encode(file[0]), content = new TextEncoder().encode(file[1]);
      var told = [[20, 2], [0x800, 2], [0, 2], [0, 2], [0x21, 2], [crc(content), 4], [content.length, 4], [content.length, 4], [name.length, 2], [0, 2]];
      var head = little([[0x04034b50, 4]].concat(told));
      var entry = little([[0x02014b50, 4], [20, 2]].concat(told, [[0, 2], [0, 2], [0, 2], [0, 4], [at, 4]]));
      pieces.push(head, name, content);
      directory.push(entry, name);
      at += head.length + name.length + content.length;
      length += entry.length + name.length;
    });
    return new Blob(pieces.concat(directory, little([[0x06054b50, 4], [0, 4], [files.length, 2], [files.length, 2], [length, 4], [at, 4], [0, 2]])));
  }

  function look() { document.querySelectorAll(".tk-table[data-words]:not([data-ready])").forEach(open); }
  if (document.readyState === "loading") { document.addEventListener("DOMContentLoaded", look); } else { look(); }
  if (document.querySelector("body[data-voila]")) { new MutationObserver(look).observe(document.body, { childList: true, subtree: true }); }
})();

// SPDX-FileCopyrightText: Patchfleet contributors
// SPDX-License-Identifier: GPL-3.0-or-later
// Makes the tables of nodes and patches from the data of the page. Texts of the data are only ever set as text.
"use strict";
(() => {
  // The positions in a row of the data, in the order in which the module writes them.
  const NODE = positions("id name status groups system place critical security missing failed pending end operation baseline snapshot ping agent computer tags exception coverage following window");
  const PATCH = positions("kb title severity classification state age nodes level baselines places exception cves");
  const SEVERITIES = ["critical", "important", "high", "moderate", "medium", "low", "informational", "unspecified"];
  const LEVELS = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNSPECIFIED"];
  const STATUSES = ["failed", "noncompliant", "pending_reboot", "stale", "never_scanned", "unmanaged", "unknown", "compliant", "excepted"];
  const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  const ZONED = new Intl.DateTimeFormat(undefined, { year: "numeric", month: "short", day: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: "short" });
  const NUMBER = new Intl.NumberFormat();
  const COLLATOR = new Intl.Collator(undefined, { numeric: true });
  const data = JSON.parse(document.getElementById("data").textContent);
  const text = (index) => (index === null ? "" : data.texts[index]);

  function positions(names) {
    return Object.fromEntries(names.split(" ").map((name, index) => [name, index]));
  }

  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (key === "onclick" || key === "oninput") made[key] = value;
      else if (value === true) made.setAttribute(key, "");
      else if (value !== false && value !== undefined) made.setAttribute(key, value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined).map((child) => (child instanceof Node ? child : String(child))));
    return made;
  }

  function compare(a, b) {
    // What is not known comes last, whichever the direction.
    if (typeof a === "number" && typeof b === "number") return a - b;
    return COLLATOR.compare(a, b);
  }

  function sorted(rows, key, descending) {
    const keyed = rows.map((row) => [key(row), row]);
    keyed.sort(([a], [b]) => {
      const missing = (a === null || a === "") - (b === null || b === "");
      return missing || (descending ? compare(b, a) : compare(a, b));
    });
    return keyed.map(([, row]) => row);
  }

  function setSort(header, direction) {
    for (const one of header.parentNode.children) one.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", direction);
  }

  function badge(status) {
    const kind = STATUSES.includes(status) ? status : "unknown";
    return element("span", { class: `badge ${kind}` }, data.statuses[status] ?? status);
  }

  function localTime(seconds) {
    if (seconds === null) return "–";
    const moment = new Date(seconds * 1000);
    return element("time", { datetime: moment.toISOString(), title: moment.toISOString() }, DATE.format(moment));
  }

  // A link to elsewhere, or the text alone where there is no address.
  function link(address, name) {
    return address ? element("a", { href: address, rel: "noreferrer noopener", target: "_blank" }, name) : name;
  }

  function consoleAddress(place, index, id) {
    const pattern = data.consoles[place]?.[index];
    return pattern && (id === undefined || /^m?i-[0-9a-f]{8,17}$/.test(id)) ? pattern.replace("{}", id) : null;
  }

  function cveLink(id) {
    return link(/^CVE-\d{4}-\d{4,}$/.test(id) ? `https://www.cve.org/CVERecord?id=${id}` : null, id);
  }

  function kbLink(id) {
    return link(/^KB\d+$/.test(id ?? "") ? `https://support.microsoft.com/help/${id.slice(2)}` : null, id);
  }

  // Parts side by side; none is known as a dash.
  function list(parts) {
    return parts.length === 0 ? null : element("span", {}, ...parts.flatMap((part, index) => (index ? [", ", part] : [part])));
  }

  function known(value) {
    return value === null || value === "" ? "–" : value;
  }

  // A table of rows with a search field, choices, sorting by column, pages, and one open detail at a time.
  class View {
    constructor({ id, rows, noun, size, columns, choices, words, detail, sort }) {
      Object.assign(this, { id, rows, noun, size, columns, choices, words, detail });
      this.page = 0;
      this.open = null;
      this.only = null;
      this.haystacks = new Map();
      this.build(sort);
      this.sortBy(sort, columns[sort].descending ?? false);
    }

    build() {
      this.search = element("input", { type: "search", id: `${this.id}-search`, autocomplete: "off", oninput: () => this.update() });
      this.selects = this.choices.map(({ name, label, all, values }) => {
        const select = element("select", { id: `${this.id}-${name}`, oninput: () => this.update() }, element("option", { value: "" }, all));
        for (const [value, shown] of values) select.append(element("option", { value }, shown));
        return [select, label];
      });
      this.clear = element("button", { type: "button", id: `${this.id}-clear`, onclick: () => this.reset() }, "Show all");
      const labels = this.selects.map(([select, label]) => element("label", {}, label, select));
      const form = element("form", { class: "filters", role: "search", "aria-label": `Filter ${this.noun}` },
        element("label", { class: "wide" }, "Search", this.search), ...labels, this.clear);
      form.addEventListener("submit", (event) => event.preventDefault());
      this.count = element("p", { id: `${this.id}-count`, role: "status", class: "muted small" });
      this.headers = this.columns.map((column, index) => element("th", { scope: "col", class: column.number ? "num" : undefined },
        element("button", { type: "button", onclick: () => this.sortBy(index, this.sorting === index ? !this.descending : column.descending ?? false) }, column.label)));
      this.body = element("tbody");
      const table = element("table", { id: `${this.id}-table` }, element("thead", {}, element("tr", {}, ...this.headers)), this.body);
      this.previous = element("button", { type: "button", id: `${this.id}-previous`, onclick: () => this.turn(-1) }, "Previous");
      this.next = element("button", { type: "button", id: `${this.id}-next`, onclick: () => this.turn(1) }, "Next");
      this.where = element("span", { class: "muted" });
      this.pager = element("nav", { class: "pager", "aria-label": `Pages of ${this.noun}` }, this.previous, this.where, this.next);
      const view = document.getElementById(`${this.id}-view`);
      view.append(form, this.count, element("div", { class: "scroll", tabindex: "0", role: "group", "aria-labelledby": `${this.id}-title` }, table), this.pager);
      view.hidden = false;
    }

    haystack(row) {
      let found = this.haystacks.get(row);
      if (found === undefined) this.haystacks.set(row, (found = this.words(row).join("\n").toLowerCase()));
      return found;
    }

    update() {
      const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const wanted = this.choices.map(({ fits }, index) => [fits, this.selects[index][0].value]).filter(([, value]) => value !== "");
      this.shown = this.sorted.filter((row) => (this.only === null || this.only.rows.has(row))
        && wanted.every(([fits, value]) => fits(row, value))
        && (words.length === 0 || words.every((word) => this.haystack(row).includes(word))));
      this.page = 0;
      this.draw();
    }

    sortBy(index, descending) {
      [this.sorting, this.descending] = [index, descending];
      setSort(this.headers[index], descending ? "descending" : "ascending");
      this.sorted = sorted(this.rows, this.columns[index].key, descending);
      this.update();
    }

    turn(pages) {
      this.page += pages;
      this.draw();
      document.getElementById(this.id).scrollIntoView();
    }

    reset() {
      this.search.value = "";
      for (const [select] of this.selects) select.value = "";
      this.only = null;
      this.update();
      this.search.focus();
    }

    // Shows these rows and no others until "Show all".
    restrict(rows, reason) {
      this.reset();
      this.only = { rows: new Set(rows), reason };
      this.update();
      document.getElementById(this.id).scrollIntoView();
    }

    // Shows what a link leads to, with the detail of the first row open.
    single(rows, reason) {
      if (rows.length === 0) return;
      this.restrict(rows, reason);
      if (this.open !== rows[0]) this.toggle(rows[0]);
    }

    draw() {
      const pages = Math.max(Math.ceil(this.shown.length / this.size), 1);
      const rows = this.shown.slice(this.page * this.size, (this.page + 1) * this.size);
      this.body.replaceChildren(...rows.flatMap((row) => this.lines(row)));
      if (rows.length === 0) this.body.append(element("tr", {}, element("td", { colspan: this.columns.length, class: "empty" }, "No matches.")));
      const of = this.shown.length === this.rows.length ? "" : ` of ${NUMBER.format(this.rows.length)}`;
      this.count.textContent = `${NUMBER.format(this.shown.length)}${of} ${this.noun}${this.only ? `: ${this.only.reason}` : ""}`;
      this.where.textContent = `Page ${NUMBER.format(this.page + 1)} of ${NUMBER.format(pages)}`;
      const focused = document.activeElement;
      this.previous.disabled = this.page === 0;
      this.next.disabled = this.page + 1 === pages;
      // A disabled button loses the focus, and the reader the place.
      if (focused === this.previous && focused.disabled) this.next.focus();
      if (focused === this.next && focused.disabled) this.previous.focus();
      this.pager.hidden = pages === 1;
      this.clear.disabled = !this.only && !this.search.value && this.selects.every(([select]) => select.value === "");
    }

    lines(row) {
      const toggle = element("button", { type: "button", class: "link", "aria-expanded": String(this.open === row), onclick: () => this.toggle(row) });
      const cells = this.columns.map(({ cell, number, wide }, index) => {
        const content = cell(row);
        if (index > 0) return element("td", { class: number ? (content === 0 ? "num zero" : "num") : wide ? "wide" : undefined }, content);
        toggle.append(content[0]);
        return element("th", { scope: "row" }, toggle, ...content.slice(1));
      });
      const line = element("tr", {}, ...cells);
      if (this.open !== row) return [line];
      return [line, element("tr", { class: "detail" }, element("td", { colspan: this.columns.length }, this.detail(row)))];
    }

    toggle(row) {
      this.open = this.open === row ? null : row;
      this.draw();
      this.body.querySelectorAll("button.link[aria-expanded]")[this.shown.indexOf(row) - this.page * this.size]?.focus();
    }
  }

  function distinct(rows, values, order = compare) {
    return [...new Set(rows.flatMap(values))].sort(order).map((value) => [value, value]);
  }

  function facts(entries) {
    return element("dl", { class: "facts" }, ...entries.map(([label, value, whole]) => element("div", { class: whole ? "whole" : undefined }, element("dt", {}, label), element("dd", {}, known(value)))));
  }

  function severityRank(severity) {
    const rank = SEVERITIES.indexOf((severity || "unspecified").toLowerCase());
    return rank < 0 ? SEVERITIES.length : rank;
  }

  function levelRank(level) {
    const rank = LEVELS.indexOf(level);
    return rank < 0 ? LEVELS.length : rank;
  }

  function words(state) {
    return state.charAt(0) + state.slice(1).toLowerCase().replaceAll("_", " ");
  }

  function patchLine(patch) {
    const kind = [text(patch[PATCH.severity]), words(text(patch[PATCH.state])), patch[PATCH.exception] === null ? "" : "excepted"].filter(Boolean).join(", ");
    const cves = patch[PATCH.cves];
    return element("li", {}, `${patch[PATCH.title] ?? patch[PATCH.kb] ?? "?"} (${kind})`, cves.length ? element("span", { class: "cves" }, " ", list(cves.map(cveLink))) : null);
  }

  function stateCell(patch) {
    const state = words(text(patch[PATCH.state]));
    return patch[PATCH.exception] === null ? state : element("span", {}, state, element("small", {}, "excepted"));
  }

  // The first two by name; the detail has all of them.
  function cveCell(patch) {
    const cves = patch[PATCH.cves];
    const more = cves.length > 2 ? [element("small", {}, `and ${cves.length - 2} more`)] : [];
    return cves.length ? element("span", {}, ...cves.slice(0, 2).map((id) => element("span", { class: "cve" }, cveLink(id))), ...more) : "–";
  }

  function nextInstall(row) {
    return row[NODE.following] === null ? null : element("span", {}, localTime(row[NODE.following]), element("small", {}, text(row[NODE.window])));
  }

  function nodeUrgency(row) {
    if (text(row[NODE.status]) === "excepted") return 0;
    const amount = (row[NODE.critical] ?? 0) * 1e6 + (row[NODE.failed] ?? 0) * 1e4 + (row[NODE.security] ?? 0) * 100 + (row[NODE.missing] ?? 0);
    return amount * 10 + STATUSES.length - STATUSES.indexOf(text(row[NODE.status]));
  }

  const ofNode = new Map();
  data.patches.forEach((patch) => patch[PATCH.nodes].forEach((index) => {
    if (!ofNode.has(data.nodes[index])) ofNode.set(data.nodes[index], []);
    ofNode.get(data.nodes[index]).push(patch);
  }));

  const several = new Set(data.nodes.map((row) => row[NODE.place])).size > 1;
  const groupsOf = (row) => row[NODE.groups].map(text);
  const hasCoverage = data.nodes.some((row) => row[NODE.coverage] !== null);
  const cvesOf = (row) => (ofNode.get(row) ?? []).flatMap((patch) => [patch[PATCH.kb] ?? "", ...patch[PATCH.cves]]);
  const count = (label, name) => ({ label, number: true, descending: true, key: (row) => row[NODE[name]], cell: (row) => known(row[NODE[name]]) });

  // All nodes will be in the table, the worst first; times are shown on the clock of the reader.
  document.getElementById("worst").remove();
  for (const time of document.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    time.title = time.textContent;
    time.textContent = (time.closest("header") ? ZONED : DATE).format(moment);
  }

  const nodes = new View({
    id: "nodes", rows: data.nodes, noun: "nodes", size: 25, sort: 1,
    columns: [
      { label: "Node", key: (row) => row[NODE.name] ?? row[NODE.id], cell: (row) => [row[NODE.name] || row[NODE.id], row[NODE.name] ? element("small", {}, row[NODE.id]) : null] },
      { label: "Status", descending: true, key: nodeUrgency, cell: (row) => badge(text(row[NODE.status])) },
      { label: "Patch group", key: (row) => groupsOf(row).join(", "), cell: (row) => groupsOf(row).join(", ") },
      { label: "System", wide: true, key: (row) => text(row[NODE.system]), cell: (row) => known(text(row[NODE.system])) },
      ...(several ? [{ label: "Account and Region", key: (row) => text(row[NODE.place]), cell: (row) => text(row[NODE.place]) }] : []),
      ...data.tags.map((label, index) => ({ label, key: (row) => text(row[NODE.tags][index]), cell: (row) => known(text(row[NODE.tags][index])) })),
      count("CRITICAL", "critical"), count("Security", "security"), count("Missing", "missing"), count("Failed", "failed"),
      { label: "Last operation", descending: true, key: (row) => row[NODE.end], cell: (row) => localTime(row[NODE.end]) },
    ],
    choices: [
      { name: "status", label: "Status", all: "any", fits: (row, value) => text(row[NODE.status]) === value, values: STATUSES.filter((status) => data.nodes.some((row) => text(row[NODE.status]) === status)).map((status) => [status, data.statuses[status]]) },
      { name: "group", label: "Patch group", all: "any", fits: (row, value) => groupsOf(row).includes(value), values: distinct(data.nodes, groupsOf) },
      { name: "system", label: "System", all: "any", fits: (row, value) => text(row[NODE.system]) === value, values: distinct(data.nodes, (row) => text(row[NODE.system]) || []) },
      ...(several ? [{ name: "place", label: "Account and Region", all: "any", fits: (row, value) => text(row[NODE.place]) === value, values: distinct(data.nodes, (row) => text(row[NODE.place])) }] : []),
      ...(hasCoverage ? [{ name: "coverage", label: "Coverage", all: "any", fits: (row, value) => text(row[NODE.coverage]) === value, values: distinct(data.nodes, (row) => text(row[NODE.coverage]) || []) }] : []),
      ...data.tags.map((label, index) => ({ name: `tag-${index}`, label, all: "any", fits: (row, value) => text(row[NODE.tags][index]) === value, values: distinct(data.nodes, (row) => text(row[NODE.tags][index]) || []) })),
    ],
    words: (row) => [row[NODE.id], row[NODE.name] ?? "", row[NODE.computer] ?? "", ...row[NODE.tags].map(text), ...cvesOf(row), ...groupsOf(row), text(row[NODE.system]), text(row[NODE.place]), data.statuses[text(row[NODE.status])] ?? ""],
    detail: (row) => facts([
      ["Instance", link(consoleAddress(row[NODE.place], 0, row[NODE.id]), row[NODE.id])], ["Computer", row[NODE.computer] ?? row[NODE.name]], ["Account and Region", text(row[NODE.place])], ["Last operation", text(row[NODE.operation])],
      ["Baseline", text(row[NODE.baseline])], ["Snapshot", text(row[NODE.snapshot])], ["Pending reboot", row[NODE.pending]],
      ["Agent", [text(row[NODE.ping]), text(row[NODE.agent])].filter(Boolean).join(", ")],
      ...(hasCoverage ? [["Coverage", text(row[NODE.coverage])], ["Next Install", nextInstall(row)]] : []),
      ...(row[NODE.exception] === null ? [] : [["Exception", text(row[NODE.exception]), true]]),
      ["Patches", ofNode.has(row) ? element("ul", {}, ...ofNode.get(row).map(patchLine)) : null, true],
    ]),
  });

  const patches = data.patches.length === 0 ? null : new View({
    id: "patches", rows: data.patches, noun: "patches", size: 10, sort: 1,
    columns: [
      { label: "Patch", key: (row) => row[PATCH.title] ?? row[PATCH.kb], cell: (row) => [row[PATCH.title] || row[PATCH.kb] || "?", row[PATCH.title] && row[PATCH.kb] ? element("small", {}, row[PATCH.kb]) : null] },
      { label: "Severity", key: (row) => severityRank(text(row[PATCH.severity])) * 1e6 - row[PATCH.nodes].length, cell: (row) => known(text(row[PATCH.severity])) },
      { label: "State", key: (row) => text(row[PATCH.state]), cell: stateCell },
      { label: "Age in days", number: true, descending: true, key: (row) => row[PATCH.age], cell: (row) => row[PATCH.age] ?? "unknown" },
      { label: "Nodes", number: true, descending: true, key: (row) => row[PATCH.nodes].length, cell: (row) => element("button", { type: "button", class: "link", "aria-label": `Show the ${row[PATCH.nodes].length} nodes`, onclick: () => nodes.restrict(row[PATCH.nodes].map((index) => data.nodes[index]), row[PATCH.title] ?? row[PATCH.kb] ?? "one patch") }, NUMBER.format(row[PATCH.nodes].length)) },
      { label: "Level", key: (row) => levelRank(text(row[PATCH.level])), cell: (row) => known(text(row[PATCH.level])) },
      { label: "CVEs", descending: true, key: (row) => row[PATCH.cves].length, cell: cveCell },
    ],
    choices: [
      { name: "severity", label: "Severity", all: "any", fits: (row, value) => text(row[PATCH.severity]) === value, values: distinct(data.patches, (row) => text(row[PATCH.severity]) || [], (a, b) => severityRank(a) - severityRank(b)) },
      { name: "state", label: "State", all: "any", fits: (row, value) => text(row[PATCH.state]) === value, values: distinct(data.patches, (row) => text(row[PATCH.state]) || []).map(([value]) => [value, words(value)]) },
    ],
    words: (row) => [row[PATCH.title] ?? "", row[PATCH.kb] ?? "", text(row[PATCH.severity]), text(row[PATCH.classification]), ...row[PATCH.cves]],
    detail: (row) => facts([
      ["Classification", text(row[PATCH.classification])], ["ID", kbLink(row[PATCH.kb])],
      ["Compliance level", text(row[PATCH.level])], ["Baseline", row[PATCH.baselines].map(text).join(", ")],
      ["Patch Manager", list(row[PATCH.places].slice(0, 5).map((place) => link(consoleAddress(place, 1), text(place))))],
      ...(row[PATCH.exception] === null ? [] : [["Exception", text(row[PATCH.exception]), true]]),
      ["CVEs", list(row[PATCH.cves].map(cveLink)), true],
    ]),
  });

  // Rows of the CSV files lead here: #node=ID and #patch=ID.
  function follow() {
    const [, kind, name] = /^#(node|patch)=(.+)$/.exec(location.hash) ?? [];
    if (kind === undefined) return;
    let wanted;
    try {
      wanted = decodeURIComponent(name);
    } catch {
      return;
    }
    if (kind === "node") nodes.single(data.nodes.filter((row) => row[NODE.id] === wanted), wanted);
    else patches?.single(data.patches.filter((row) => (row[PATCH.kb] ?? row[PATCH.title]) === wanted), wanted);
  }
  addEventListener("hashchange", follow);
  follow();

  // Tables that are there without this script get buttons to sort them by.
  for (const table of document.querySelectorAll("table[data-sortable]")) {
    const body = table.tBodies[0];
    if (body.rows.length < 2) continue;
    [...table.tHead.rows[0].cells].forEach((header, index) => {
      const value = (row) => {
        const cell = row.cells[index];
        const given = cell.dataset.sort ?? cell.textContent.trim();
        return given !== "" && !Number.isNaN(Number(given)) ? Number(given) : given;
      };
      const button = element("button", { type: "button" }, ...header.childNodes);
      button.onclick = () => {
        const descending = header.getAttribute("aria-sort") === "ascending" || (header.classList.contains("num") && !header.hasAttribute("aria-sort"));
        setSort(header, descending ? "descending" : "ascending");
        body.append(...sorted([...body.rows], value, descending));
      };
      header.append(button);
    });
  }
})();

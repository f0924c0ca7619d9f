/* Plays a replay inside a folium page: no request, no library but Leaflet. Reads #replay-data. */
(function () {
  "use strict";
  var film = JSON.parse(document.getElementById("replay-data").textContent);
  var words = film.words, map = window[film.map], start = film.start, end = film.end;
  /* Leaflet draws what is on canvas below all SVG, where the ground would hide it. */
  Object.assign(map.createPane("tracks").style, { zIndex: 450, pointerEvents: "none" });
  var canvas = L.canvas({ padding: 0.3, pane: "tracks" }), asKnown = false, playing = false, speed = 60, at = start, last = 0, shown = -1;

  function make(tag, props, parent) {
    var node = Object.assign(document.createElement(tag), props || {});
    if (parent) parent.appendChild(node);
    return node;
  }
  function say(key, values) {
    return words[key].replace(/\{(\w+)\}/g, function (whole, name) { return values && name in values ? values[name] : whole; });
  }
  function pad(n) { return String(n).padStart(2, "0"); }
  function local(zone) {
    return new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", calendar: "gregory", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" });
  }
  var zones = { local: local(film.zone), utc: local("UTC") };
  function moment(ms, which) {
    var p = {};
    zones[which].formatToParts(ms).forEach(function (part) { p[part.type] = part.value; });
    var day = Number(p.year) + film.years + "-" + p.month + "-" + p.day;
    return (film.years ? say("date.buddhist", { date: day }) : day) + " " + p.hour + ":" + p.minute + ":" + p.second;
  }
  function age(ms) {
    var s = Math.max(0, Math.floor(ms / 1000));
    if (s < 60) return say("age.seconds", { number: s });
    if (s < 3600) return say("age.minutes", { number: Math.floor(s / 60) });
    if (s < 86400) return say("age.hours", { h: Math.floor(s / 3600), m: pad(Math.floor((s % 3600) / 60)) });
    return say("age.days", { number: Math.floor(s / 86400) });
  }

  /* Units: deltas become columns; a second order says what was known when. */
  film.units.forEach(function (unit) {
    var t = start, lon = 0, lat = 0;
    unit.time = unit.t.map(function (step) { return (t += step); });
    unit.known = unit.k.map(function (late, n) { return unit.time[n] + late; });
    unit.place = unit.x.map(function (step, n) { lon += step; lat += unit.y[n]; return [lat / 1e6, lon / 1e6]; });
    unit.lines = L.layerGroup().addTo(map);
    unit.mark = null;
  });

  /* The numbers of the positions that count at a moment, oldest first. */
  function upTo(unit, when) {
    var found = [];
    for (var n = 0; n < unit.time.length && unit.time[n] <= when; n += 1) if (!asKnown || unit.known[n] <= when) found.push(n);
    return found;
  }
  function state(unit, silent) { return silent > unit.late * 2.5 ? "lost" : silent > unit.late ? "late" : "live"; }
  function icon(unit, what, silent, course) {
    var turn = course < 0 ? 0 : course, hull = course < 0 ? "M20 3 C25.5 8 28.5 13.5 28.5 20 C28.5 26.5 25.5 32 20 37 C14.5 32 11.5 26.5 11.5 20 C11.5 13.5 14.5 8 20 3 Z" : "M20 2.5 C25 7.5 28.5 13 28.5 20 C28.5 26.5 27.5 32 26.5 36 L13.5 36 C12.5 32 11.5 26.5 11.5 20 C11.5 13 15 7.5 20 2.5 Z";
    var shape = unit.kind === "boat" ? hull : unit.kind === "vehicle" ? "M9.5 9.5 h21 v21 h-21 Z" : unit.kind === "fixed" ? "M20 5.5 L34.5 20 L20 34.5 L5.5 20 Z" : "M20 8.5 a11.5 11.5 0 1 1 0 23 a11.5 11.5 0 1 1 0-23 Z";
    var fill = what === "lost" ? "rgba(255,255,255,.75)" : unit.colour, edge = what === "lost" ? unit.colour : "#16202a";
    var dash = what === "late" ? ' stroke-dasharray="4.5 4"' : "", opacity = what === "live" ? 1 : 0.85;
    var name = make("span");
    name.textContent = unit.name + (silent >= 60000 ? " · " + age(silent) : "");
    return L.divIcon({
      className: "replay-mark", iconSize: [40, 40],
      html: '<svg width="40" height="40" viewBox="0 0 40 40" style="opacity:' + opacity + '"><path d="' + shape + '" transform="rotate(' + (unit.kind === "boat" ? turn : 0) + ' 20 20)" fill="' + fill + '" stroke="' + edge + '" stroke-width="' + (what === "live" ? 1.4 : 2.4) + '"' + dash + '/><text x="20" y="24" text-anchor="middle" font-size="10" font-weight="700" fill="' + (what === "lost" ? "#17212b" : unit.ink) + '">' + unit.code + "</text></svg>" + name.outerHTML,
    });
  }
  function draw() {
    var rows = [];
    film.units.forEach(function (unit) {
      var numbers = upTo(unit, at), key = numbers.length + (asKnown ? "k" : "e");
      if (key !== unit.drawn) {
        unit.drawn = key;
        unit.lines.clearLayers();
        var leg = [], before = -1;
        var close = function () { if (leg.length > 1) unit.lines.addLayer(L.polyline(leg, { renderer: canvas, color: unit.line, weight: 2.5, interactive: false, noClip: false })); };
        numbers.forEach(function (n) {
          if (before >= 0 && unit.time[n] - unit.time[before] > unit.late) {
            close();
            unit.lines.addLayer(L.polyline([unit.place[before], unit.place[n]], { renderer: canvas, color: unit.line, weight: 1.5, dashArray: "2 7", opacity: 0.8, interactive: false }));
            leg = [];
          }
          else if (before === n - 1) for (var b = unit.b[n] || [], i = 0; i < b.length; i += 2) leg.push([b[i + 1] / 1e6, b[i] / 1e6]);
          leg.push(unit.place[n]);
          before = n;
        });
        close();
      }
      if (numbers.length === 0) {
        if (unit.mark) { unit.mark.remove(); unit.mark = null; }
        rows.push([unit, say("replay.not_yet")]);
        return;
      }
      var newest = numbers[numbers.length - 1], silent = at - unit.time[newest], what = state(unit, silent);
      var look = what + newest + (silent >= 60000 ? age(silent) : "");
      if (!unit.mark) unit.mark = L.marker(unit.place[newest], { interactive: false, keyboard: false }).addTo(map);
      if (look !== unit.look || !unit.mark._icon) {
        unit.look = look;
        unit.mark.setLatLng(unit.place[newest]).setIcon(icon(unit, what, silent, unit.c[newest]));
      }
      rows.push([unit, say("liveness." + what) + " · " + age(silent)]);
    });
    rows.forEach(function (row) { if (row[0].said.textContent !== row[1]) row[0].said.textContent = row[1]; });
    clock.textContent = moment(at, "local") + " " + film.zone + "  ·  " + moment(at, "utc") + " UTC";
    slider.value = String(Math.round((at - start) / 1000));
    slider.setAttribute("aria-valuetext", clock.textContent);
  }

  /* Frame. */
  var head = make("section", { id: "replay-head" }, document.body);
  make("h1", { textContent: film.title }, head);
  make("p", { id: "replay-range", textContent: say("replay.printed", { start: moment(start, "local"), end: moment(end, "local"), zone: film.zone }) }, head);
  make("p", { textContent: say("replay.printed", { start: moment(start, "utc"), end: moment(end, "utc"), zone: "UTC" }) }, head);
  film.notes.forEach(function (note) { make("p", { className: "small", textContent: note }, head); });
  var list = make("ul", {}, head);
  film.units.forEach(function (unit) {
    var row = make("li", {}, list);
    make("b", { textContent: unit.code + " " + unit.name }, row);
    unit.said = make("span", {}, row);
  });
  var bar = make("form", { id: "replay-bar" }, document.body);
  bar.onsubmit = function () { return false; };
  var play = make("button", { type: "button", id: "replay-play", textContent: say("replay.play") }, bar);
  var slider = make("input", { type: "range", id: "replay-slider", min: "0", max: String(Math.ceil((end - start) / 1000)), step: "1", value: "0" }, bar);
  slider.setAttribute("aria-label", say("replay.moment"));
  var choice = make("select", { id: "replay-speed" }, bar);
  choice.setAttribute("aria-label", say("replay.speed"));
  [1, 10, 60, 300, 600].forEach(function (n) { make("option", { value: String(n), textContent: say("replay.times", { number: n }), selected: n === speed }, choice); });
  var known = make("label", {}, bar), box = make("input", { type: "checkbox", id: "replay-known" }, known);
  make("span", { textContent: say("replay.known") }, known);
  var clock = make("output", { id: "replay-clock" }, bar);

  function turn(on) {
    if (on && at >= end) at = start;
    playing = on;
    last = 0;
    play.textContent = say(on ? "replay.pause" : "replay.play");
    if (on) requestAnimationFrame(tick);
  }
  function tick(now) {
    if (!playing) return;
    if (last) at = Math.min(end, at + (now - last) * speed);
    last = now;
    if (now - shown > 120 || at >= end) { shown = now; draw(); }
    if (at >= end) turn(false);
    else requestAnimationFrame(tick);
  }
  play.onclick = function () { turn(!playing); };
  slider.oninput = function () { at = Math.min(end, start + Number(slider.value) * 1000); draw(); };
  choice.onchange = function () { speed = Number(choice.value); };
  box.onchange = function () { asKnown = box.checked; draw(); };
  document.addEventListener("keydown", function (event) {
    if (event.key !== " " || /^(BUTTON|INPUT|SELECT)$/.test(event.target.tagName)) return;
    event.preventDefault();
    turn(!playing);
  });
  draw();
  window.replay = { seek: function (ms) { at = ms; draw(); }, film: film };
})();

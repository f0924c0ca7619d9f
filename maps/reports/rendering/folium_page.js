/* Labels of a report's map, none over another, and its head folded on a small screen. Reads #map-labels. */
(function () {
  "use strict";
  var data = JSON.parse(document.getElementById("map-labels").textContent), map = window[data.map];
  var head = document.querySelector(".report-head"), more = head.querySelector("details");
  if (window.innerWidth < 700) more.removeAttribute("open");
  var room = head.getBoundingClientRect(), wide = window.innerWidth >= 700;
  map.fitBounds(data.box, { paddingTopLeft: wide ? [room.right, 10] : [10, room.bottom], paddingBottomRight: [40, 30], animate: false });
  var labels = data.labels.map(function (each) {
    var words = L.tooltip({ permanent: true, direction: each[3], opacity: 1, className: "report-label " + each[4] });
    return words.setLatLng([each[0], each[1]]).setContent(each[2]).addTo(map);
  });
  var sides = { right: [6, 0], left: [-6, 0], top: [0, -6], bottom: [0, 6] };

  function overlap(one, other) {
    return one.right + 2 > other.left && one.left - 2 < other.right && one.bottom > other.top && one.top < other.bottom;
  }
  /* The first in the list come first, on whichever side there is room; what has none waits for a nearer look. */
  function part() {
    var taken = [head.getBoundingClientRect()];
    labels.forEach(function (label, n) {
      var node = label.getElement(), around = data.labels[n][3] === "center" ? ["center"] : Object.keys(sides);
      var free = around.some(function (side) {
        label.options.direction = side;
        label.options.offset = L.point(sides[side] || [0, 0]);
        label.update();
        var box = node.getBoundingClientRect();
        var fits = !taken.some(function (other) { return overlap(box, other); });
        if (fits) taken.push(box);
        return fits;
      });
      node.style.visibility = free ? "visible" : "hidden";
    });
  }
  map.on("zoomend moveend resize", part);
  more.addEventListener("toggle", part);
  part();
})();

// Line drawings on a square of 20 units, as SVG paths; and the page's mark, on one of 32.

/** @type {[string, Record<string, string>][]} */
export const MARK = [
  ["rect", { width: "32", height: "32", rx: "8", fill: "#b5341c" }],
  ["path", { d: "M12.5 9.5v13L23 16z", fill: "#fff" }],
  ["path", { d: "M8.5 9.5v13", stroke: "#fff", "stroke-width": "2.4", "stroke-linecap": "round" }],
];

/** @type {Record<string, string>} */
export const SHAPES = {
  add: "M10 4v12M4 10h12",
  back: "M12 4l-6 6 6 6",
  bundle: "M3 7l7-4 7 4v7l-7 4-7-4zM3 7l7 4 7-4M10 11v7",
  check: "M4 10.5l4 4 8-9",
  close: "M5 5l10 10M15 5L5 15",
  compare: "M10 3v14M3 5h4v10H3M17 5h-4v10h4",
  copy: "M7 7h9v9H7zM4 13V4h9",
  dice: "M4 4h12v12H4zM7.5 7.5v.01M12.5 7.5v.01M10 10v.01M7.5 12.5v.01M12.5 12.5v.01",
  down: "M5 8l5 5 5-5",
  download: "M10 3v9M6 8.5l4 4 4-4M4 16h12",
  expand: "M12 4h4v4M16 4l-5 5M8 16H4v-4M4 16l5-5",
  forward: "M8 4l6 6-6 6",
  globe: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14M3 10h14M10 3c-4.5 4-4.5 10 0 14M10 3c4.5 4 4.5 10 0 14",
  hushed: "M3 8v4h3l4 3V5L6 8zM13 8l4 4M17 8l-4 4",
  info: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14M10 9v4.5M10 6.5v.01",
  key: "M7 10a3 3 0 1 0 0 6 3 3 0 0 0 0-6M9.2 11L16 4M13 7l2.5 2.5",
  keyboard: "M2.5 5.5h15v9h-15zM5.5 8.5v.01M8.5 8.5v.01M11.5 8.5v.01M14.5 8.5v.01M6.5 11.8h7",
  lock: "M5 9h10v7H5zM7 9V6.5a3 3 0 0 1 6 0V9",
  longer: "M3 5h6v10H3zM12 10h6M15 7l3 3-3 3",
  moon: "M15.5 12A6.5 6.5 0 0 1 8 4.5 6.5 6.5 0 1 0 15.5 12",
  pause: "M7 4v12M13 4v12",
  picture: "M3 4h14v12H3zM3 13l4-4 4 4 2-2 4 4M13 7.5v.01",
  play: "M6 4l10 6-10 6z",
  plug: "M7 3v4M13 3v4M5 7h10v2a5 5 0 0 1-10 0zM10 14v3",
  redo: "M16 10a6 6 0 1 1-2-4.5M16 3v3.5h-3.5",
  remove: "M4 6h12M8 6V4h4v2M6 6l.7 10h6.6L14 6",
  search: "M9 4a5 5 0 1 0 0 10A5 5 0 0 0 9 4M12.7 12.7L16 16",
  settings: "M4 6h7M15 6h1M4 14h1M9 14h7M13 4v4M7 12v4",
  sound: "M10 3v14",
  spark: "M10 3v4M10 13v4M3 10h4M13 10h4M5.5 5.5l2 2M12.5 12.5l2 2M14.5 5.5l-2 2M7.5 12.5l-2 2",
  speaker: "M3 8v4h3l4 3V5L6 8zM13 7.5a3.5 3.5 0 0 1 0 5M15 5a7 7 0 0 1 0 10",
  stop: "M5 5h10v10H5z",
  sun: "M10 7a3 3 0 1 0 0 6 3 3 0 0 0 0-6M10 2v2M10 16v2M2 10h2M16 10h2M4.5 4.5L6 6M14 14l1.5 1.5M15.5 4.5L14 6M6 14l-1.5 1.5",
  undo: "M4 8h8a4 4 0 0 1 0 8H8M4 8l3.5-3.5M4 8l3.5 3.5",
  unlock: "M5 9h10v7H5zM7 9V6.5a3 3 0 0 1 5.8-1",
  up: "M5 12l5-5 5 5",
  warn: "M10 3.5L17.5 16h-15zM10 8.5V12M10 14v.01",
};

// The trials that the brushes let through.

const brushes = new Map();  // column -> [low, high] in the axis' numbers
const watchers = [];        // redrawn when a brush changes
const inside = (trial) => [...brushes].every(([column, [low, high]]) => {
  const value = column.place(column.values[trial]);
  return value !== null && value >= low && value <= high;
});
function brush(column, range) {
  if (range === null) brushes.delete(column);
  else brushes.set(column, range);
  for (const watcher of watchers) watcher();
}

// Where a value stands on an axis: a number at itself, a word at its place among the words.
for (const column of columns) {
  if (column.numeric) {
    column.place = (value) => value;
    column.low = Math.min(...column.known);
    column.high = Math.max(...column.known);
  } else {
    column.words = [...column.known].map(String).sort((a, b) => a.localeCompare(b, 'en', {numeric: true}));
    const places = new Map(column.words.map((word, i) => [word, i]));
    column.place = (value) => (value === null ? null : places.get(String(value)));
    column.low = 0;
    column.high = column.words.length - 1;
  }
}

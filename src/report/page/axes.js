// Parallel coordinates, whose axes can be brushed.

// The best are drawn last, over the others.
const drawing_order = data.trials.map((_, i) => i).reverse();
const class_of = (trial) => (trial.mark === 'best' || trial.mark === 'tie' ? ' ' + trial.mark : '');

// Splits a label into two lines of similar length.
function two_lines(text) {
  const spaces = [...text.matchAll(/ /g)].map((found) => found.index);
  if (text.length < 13 || spaces.length === 0) return [text];
  const at = spaces.reduce((best, i) => (Math.abs(i - text.length / 2) < Math.abs(best - text.length / 2) ? i : best));
  return [text.slice(0, at), text.slice(at + 1)];
}
const shortened = (text, most) => (text.length > most ? text.slice(0, most - 1) + '…' : text);

function axis_ticks(column) {
  if (!column.numeric) return column.words.map((word, i) => [i, word]);
  const values = [...column.known].sort((a, b) => a - b);
  if (values.length <= 6) return values.map((v) => [v, cell_text(column, v)]);
  return round_marks(column.low, column.high).map((v) => [v, rounded(v)]);
}

function show_axes() {
  const axes = columns.filter((c) => varies(c) && told(c) && !c.count && !c.behind);
  const plot = by_id('axes-plot');
  if (axes.length < 2) {
    by_id('axes').hidden = true;
    return;
  }
  const [top, bottom, height, gap] = [48, 14, 360, 104];
  const width = Math.max(gap * axes.length, Math.min(1150, by_id('axes').clientWidth));
  const step = width / axes.length;
  const x = (i) => step * (i + 0.5);
  const y = (column, value) => {
    const span = column.high - column.low;
    return height - bottom - (span === 0 ? 0.5 : (value - column.low) / span) * (height - top - bottom);
  };
  const back = (column, at) => column.low + (height - bottom - at) / (height - top - bottom) * (column.high - column.low);
  fill(plot, {width, height, viewBox: `0 0 ${width} ${height}`, 'aria-label': 'A line for each trial over ' + axes.map((a) => words(a.name)).join(', ')}, []);

  const lines = drawing_order.map((index) => {
    const points = axes.map((column, i) => [x(i), column.place(column.values[index])]);
    const known = points.map(([px, v], i) => (v === null ? null : px + ',' + y(axes[i], v).toFixed(1)));
    const line = shape('polyline', {points: known.filter((p) => p !== null).join(' ')},
      shape('title', {}, trial_words(data.trials[index]) + '; ' + words(data.objective) + ' ' + score(data.trials[index].mean[data.metrics.indexOf(data.objective)])));
    return {index, line};
  });
  const all = shape('g', {}, ...lines.map(({line}) => line));
  all.style.setProperty('--faint', Math.max(0.1, Math.min(0.55, 25 / lines.length)));  // many lines show as a cloud
  plot.append(all);

  axes.forEach((column, i) => {
    const mark = shape('rect', {class: 'brush', x: x(i) - 9, width: 18, y: 0, height: 0, visibility: 'hidden'});
    column.show_brush = () => {
      const range = brushes.get(column);
      mark.setAttribute('visibility', range ? 'visible' : 'hidden');
      if (!range) return;
      const [upper, lower] = [y(column, Math.min(range[1], column.high)), y(column, Math.max(range[0], column.low))];
      mark.setAttribute('y', Math.min(upper, height - bottom));
      mark.setAttribute('height', Math.max(2, lower - upper));
    };
    const names = two_lines(label_of(column));
    const head = shape('text', {'text-anchor': 'middle', y: names.length === 1 ? 28 : 14},
      ...names.map((line, n) => shape('tspan', {x: x(i), dy: n === 0 ? 0 : 14}, line)));
    const ticks = axis_ticks(column).map(([value, text]) =>
      shape('text', {class: 'quiet', x: x(i) + 7, y: y(column, value) + 4}, shortened(String(text), Math.floor((step - 10) / 6.2))));
    const hit = shape('rect', {class: 'hit', 'data-axis': column.name, x: x(i) - 16, width: 32, y: top - 8, height: height - top - bottom + 16});
    watch_drag(hit, plot, (from, to) => brush(column, Math.abs(from - to) < 4 ? null : [back(column, Math.max(from, to)), back(column, Math.min(from, to))]));
    plot.append(shape('line', {class: 'axis', x1: x(i), x2: x(i), y1: top, y2: height - bottom}), ...ticks, head, mark, hit);
  });

  const redraw = () => {
    for (const {index, line} of lines) line.setAttribute('class', 'line' + (inside(index) ? class_of(data.trials[index]) : ' out'));
    for (const column of axes) column.show_brush();
  };
  watchers.push(redraw);
  redraw();
  by_id('clear-brushes').addEventListener('click', () => {
    brushes.clear();
    for (const watcher of watchers) watcher();
  });
  by_id('axes-legend').append(element('span', {class: 'key best'}), 'best', element('span', {class: 'key tie'}),
    'cannot be told from the best', element('span', {class: 'key'}), 'other trials');
  show_range_inputs(axes);
}

// Calls act(from, to) with heights in the plot's own units while the pointer is dragged, and once for a click.
function watch_drag(target, plot, act) {
  const height_of = (event) => {
    const box = plot.getBoundingClientRect();
    return (event.clientY - box.top) * plot.viewBox.baseVal.height / box.height;
  };
  let from = null;
  target.addEventListener('pointerdown', (event) => {
    from = height_of(event);
    target.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  target.addEventListener('pointermove', (event) => {
    if (from !== null) act(from, height_of(event));
  });
  for (const end of ['pointerup', 'pointercancel']) {
    target.addEventListener(end, (event) => {
      if (from !== null) act(from, height_of(event));
      from = null;
    });
  }
}

function show_range_inputs(axes) {
  by_id('axes-inputs').replaceChildren(...axes.map((column) => {
    const name = label_of(column);
    if (!column.numeric) {
      const choice = element('select', {'aria-label': name}, element('option', {value: ''}, 'all'),
        ...column.words.map((word, i) => element('option', {value: i}, word)));
      choice.addEventListener('change', () => brush(column, choice.value === '' ? null : [Number(choice.value), Number(choice.value)]));
      watchers.push(() => { if (!brushes.has(column)) choice.value = ''; });
      return element('div', {class: 'inputs'}, element('span', {}, name), choice);
    }
    const [low, high] = ['from', 'to'].map((end) => element('input', {type: 'number', step: 'any', 'aria-label': name + ', ' + end, placeholder: end}));
    const change = () => brush(column, low.value === '' && high.value === '' ? null
      : [low.value === '' ? -Infinity : Number(low.value), high.value === '' ? Infinity : Number(high.value)]);
    low.addEventListener('input', change);
    high.addEventListener('input', change);
    watchers.push(() => { if (!brushes.has(column)) low.value = high.value = ''; });
    return element('div', {class: 'inputs'}, element('span', {}, name), low, high);
  }));
}

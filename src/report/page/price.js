// What quality costs: plots of two, and the front of all three.

// Trials that no other beats in both: cheapest first. Equal points are all on it.
function front_of(points) {
  const sorted = [...points].sort((a, b) => a.x - b.x || b.y - a.y);
  const front = [];
  for (const point of sorted) {
    const last = front[front.length - 1];
    if (!last || point.y > last.y || (point.y === last.y && point.x === last.x)) front.push(point);
  }
  return front;
}

// Where to put about five round marks.
function round_marks(low, high) {
  const raw = (high - low || Math.abs(high) || 1) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= raw);
  const marks = [];
  for (let v = Math.ceil(low / step - 1e-9) * step; v <= high + step * 1e-9; v += step) marks.push(Number(v.toPrecision(12)));
  return marks;
}

function price_plot(across, up) {
  const plot = by_id('price-plot');
  const width = Math.max(320, Math.min(900, by_id('price').clientWidth));
  const [height, left, right, top, bottom] = [360, 56, 16, 16, 46];
  const points = data.trials.map((trial, index) => ({index, trial, x: across.values[index], y: up.values[index]}))
    .filter((p) => p.x !== null && p.y !== null);
  const kept = points.filter((p) => inside(p.index));
  const scale = (values, from, to) => {
    let [low, high] = [Math.min(...values), Math.max(...values)];
    const room = (high - low || Math.abs(high) || 1) * 0.06;
    [low, high] = [low - room, high + room];
    return {low, high, at: (v) => from + (v - low) / (high - low) * (to - from)};
  };
  const sx = scale(points.map((p) => p.x), left, width - right);
  const sy = scale(points.map((p) => p.y), height - bottom, top);
  fill(plot, {width, height, viewBox: `0 0 ${width} ${height}`, 'aria-label': label_of(up) + ' against ' + label_of(across)}, []);
  const front = front_of(kept);
  const dots = [...points].sort((a, b) => b.index - a.index).map(({index, trial, x, y}) => {
    const [px, py] = [sx.at(x), sy.at(y)];
    const look = {class: 'dot' + class_of(trial) + (inside(index) ? '' : ' out')};
    const title = shape('title', {}, trial_words(trial) + '; ' + label_of(up) + ' ' + cell_text(up, y) + ', ' + label_of(across) + ' ' + cell_text(across, x));
    return trial.mark === 'best'
      ? shape('path', {...look, d: `M${px} ${py - 8}l7 8l-7 8l-7 -8z`}, title)
      : shape('circle', {...look, cx: px, cy: py, r: 4.5}, title);
  });
  let path = '';
  front.forEach((p, i) => { path += i === 0 ? `M${sx.at(p.x)} ${sy.at(p.y)}` : `H${sx.at(p.x)}V${sy.at(p.y)}`; });
  plot.replaceChildren(
    ...round_marks(sy.low, sy.high).flatMap((v) => [
      shape('line', {class: 'grid', x1: left, x2: width - right, y1: sy.at(v), y2: sy.at(v)}),
      shape('text', {class: 'quiet', 'text-anchor': 'end', x: left - 6, y: sy.at(v) + 4}, rounded(v))]),
    ...round_marks(sx.low, sx.high).map((v) =>
      shape('text', {class: 'quiet', 'text-anchor': 'middle', x: sx.at(v), y: height - bottom + 18}, rounded(v))),
    shape('text', {class: 'quiet', 'text-anchor': 'end', x: width - right, y: height - 8}, label_of(across) + (across.per_question ? ' →' : ' of the whole trial →')),
    shape('text', {class: 'quiet', x: left + 4, y: top - 3}, '↑ ' + label_of(up)),
    ...dots, shape('path', {class: 'front', d: path}));
  const named = front.slice(0, 6).map((p) => trial_name(p.trial) + ' (' + cell_text(up, p.y) + ' for ' + cell_text(across, p.x) + ')').join(', ');
  by_id('price-note').textContent = front.length === 0 ? 'No trial is in the ranges.'
    : 'Nothing is both better and cheaper than ' + (front.length === 1 ? 'this trial' : 'these trials') + ', cheapest first: ' + named
      + (front.length > 6 ? ' and ' + (front.length - 6) + ' more' : '') + '. The diamond is the best trial, full dots tie with it.';
}

// Trials that no other beats in one of three without losing in another.
function show_front_of_three() {
  const [quality, cost, wait] = [columns.find((c) => c.name === data.objective), columns.find((c) => c.name === 'cost_of_a_question'),
    columns.find((c) => c.name === 'latency')];
  if (!quality || !cost || !wait || !told(cost)) return;
  const points = data.trials.map((_, i) => i).filter((i) => quality.values[i] !== null && wait.values[i] !== null && inside(i))
    .map((i) => ({trial: data.trials[i], of: [-quality.values[i], cost.values[i], wait.values[i]]}));
  const beats = (a, b) => a.of.every((v, i) => v <= b.of[i]) && a.of.some((v, i) => v < b.of[i]);
  points.sort((a, b) => a.of[0] - b.of[0] || a.of[1] - b.of[1] || a.of[2] - b.of[2]);  // who beats a point stands before it
  const front = [];
  for (const point of points) {
    if (!front.some((other) => beats(other, point))) front.push(point);
  }
  by_id('price-front').textContent = 'By quality, cost and latency together ' + counted(front.length, 'trial is', 'trials are') + ' not beaten: '
    + front.slice(0, 8).map((p) => trial_name(p.trial)).join(', ') + (front.length > 8 ? ' and ' + (front.length - 8) + ' more' : '')
    + ', of the ' + points.length + ' whose latency was measured: the median of ' + counted(data.measured.latency_probe[0].questions, 'question', 'questions')
    + ' asked one at a time.';
}

function show_price() {
  const prices = columns.filter((c) => c.price && told(c)).reverse();
  const metrics = columns.filter((c) => c.metric !== undefined);
  if (prices.length === 0 || metrics.length === 0) {
    by_id('price').querySelector('.controls').remove();
    by_id('price-plot').remove();
    by_id('price-note').textContent = 'No tokens and no cost were counted: the answers came from a built-in reader, not from a language model.';
    return;
  }
  const [across, up] = [by_id('price-x'), by_id('price-y')];
  across.append(...prices.map((c, i) => element('option', {value: i}, label_of(c))));
  up.append(...metrics.map((c, i) => element('option', {value: i}, label_of(c))));
  const draw = () => price_plot(prices[across.value], metrics[up.value]);
  across.addEventListener('change', draw);
  up.addEventListener('change', draw);
  watchers.push(draw, show_front_of_three);
  draw();
  show_front_of_three();
}

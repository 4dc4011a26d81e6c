'use strict';
// Shows the data of this page. Texts of documents and models become text nodes and nothing else: no markup is ever made
// from a string.

const data = JSON.parse(document.getElementById('data').textContent);
const by_id = (id) => document.getElementById(id);

// The texts of questions, answers and passages, in the order of their numbers: deflated in the page, unpacked behind the rest.
let texts = null;
async function unpack_texts() {
  const packed = Uint8Array.from(atob(by_id('texts').textContent), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  texts = JSON.parse(await new Response(stream).text());
}

// ---- making elements ------------------------------------------------------------------------------------------------

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}
const element = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
const shape = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);

function button(text, act) {
  const made = element('button', {type: 'button'}, text);
  made.addEventListener('click', act);
  return made;
}

// ---- words and numbers ----------------------------------------------------------------------------------------------

const number = new Intl.NumberFormat('en', {maximumFractionDigits: 3});
const rounded = (value) => value.toLocaleString('en', {maximumSignificantDigits: 4});
const score = (value) => (value === null ? '–' : value.toFixed(3));
const share = (value) => (value === 1 ? '100 %' : Math.min(99, Math.round(value * 100)) + ' %');
const words = (name) => name.replaceAll('_', ' ');
const counted = (n, one, many) => number.format(n) + ' ' + (n === 1 ? one : many);
function seconds(s) {
  if (s < 1) return s.toFixed(2) + ' s';
  if (s < 100) return s.toFixed(1) + ' s';
  return s < 6000 ? Math.round(s / 60) + ' min' : number.format(Math.round(s / 360) / 10) + ' h';
}
const text_of = (index, elsewhere) => (index === null ? '(left out to keep the page small; it is in ' + elsewhere + ')' : texts[index]);

// ---- columns: everything about a trial that can be sorted, drawn or filtered ----------------------------------------

function make_columns() {
  const columns = [];
  const add = (name, value, more = {}) => {
    const values = data.trials.map(value);
    const numeric = values.every((v) => v === null || typeof v === 'number');
    const known = new Set(values.filter((v) => v !== null));
    if (known.size > 0 && !(known.size === 1 && known.has(''))) columns.push({name, values, numeric, known, ...more});
  };
  data.parameters.forEach((name, i) => add(name, (t) => t.parameters[i], {parameter: true}));
  const metrics = data.metrics.map((name, i) => ({name, i}));
  metrics.sort((a, b) => (b.name === data.objective) - (a.name === data.objective));
  for (const {name, i} of metrics) {
    add(name, (t) => t.mean[i], {metric: i});
    if (name === data.objective) add('behind_the_best', (t) => (t.behind === null ? null : t.behind[0]), {behind: true});
  }
  add('input_tokens', (t) => t.input_tokens, {price: true});
  add('output_tokens', (t) => t.output_tokens, {price: true});
  add('latency', latency, {price: true, unit: 's', per_question: true});
  add('cost', (t) => t.cost, {price: true, unit: 'USD'});
  add('cost_of_a_question', (t) => t.question_usd, {price: true, unit: 'USD', per_question: true});
  add('failed_answers', (t) => t.failed_answers, {count: true});
  add('flagged', (t) => t.flagged, {count: true});
  return columns;
}
// What a question waits for at least: the median call for an answer, and for reranking where a call does it. Null where this
// start asked nobody.
function latency(trial) {
  const median = (purpose, name) => {
    const row = data.measured && data.measured.usage ? data.measured.usage.find((u) => u.purpose === purpose
      && u.model === trial.parameters[data.parameters.indexOf(name)]) : undefined;
    return row && row.sent > 0 ? row.p50 : null;
  };
  const answer = median('answer', 'llm');
  return answer === null ? null : answer + (median('rerank', 'reranker') || 0);
}
const columns = make_columns();
const varies = (column) => column.known.size > 1;
// A price or a count that is nothing everywhere says nothing.
const told = (column) => !(column.price || column.count) || varies(column) || !column.known.has(0);
const label_of = (column) => words(column.name) + (column.unit ? ' (' + column.unit + ')' : '');
const cell_text = (column, value) => {
  if (value === null) return '–';
  if (column.metric !== undefined || column.behind) return score(value);
  return column.unit ? Number(value.toPrecision(4)).toString() : typeof value === 'number' ? number.format(value) : value;
};
const trial_name = (trial) => 'trial ' + trial.number;
function trial_words(trial) {
  const parts = columns.filter((c) => c.parameter && varies(c)).map((c) => {
    const value = trial.parameters[data.parameters.indexOf(c.name)];
    return value === null ? null : c.name === 'method' || !c.numeric ? String(value) : words(c.name) + ' ' + value;
  });
  return trial_name(trial) + ': ' + parts.filter((part) => part !== null).join(', ');
}

// ---- the trials that the brushes let through ------------------------------------------------------------------------

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

// ---- head -----------------------------------------------------------------------------------------------------------

function headline() {
  const best = data.trials.find((trial) => trial.mark === 'best');
  if (!best) return 'Nothing could be compared';
  const ties = data.verdict.ties;
  if (ties === 0) return data.all_trials === 1 ? 'One trial' : 'Trial ' + best.number + ' is best';
  return 'Trial ' + best.number + ' is highest, but ' + counted(ties, 'other cannot', 'others cannot') + ' be told from it';
}

// What this start paid for, the judge with it.
function spent() {
  const usage = data.measured && data.measured.usage ? data.measured.usage : [];
  const sent = usage.reduce((sum, row) => sum + row.sent, 0);
  const usd = usage.reduce((sum, row) => sum + row.usd, 0);
  if (sent === 0) return '';
  return ' This start sent ' + counted(sent, 'call', 'calls') + ' for ' + Number(usd.toPrecision(4)) + ' USD, the judge’s among them.';
}

function show_head() {
  document.title = data.sweep + ': dream_sweep report';
  by_id('kicker').textContent = 'Sweep “' + data.sweep + '”';
  by_id('headline').textContent = headline();
  by_id('sentence').textContent = data.verdict.sentence;
  if (data.holdout) {
    by_id('hold-out-sentence').textContent = data.holdout.sentence;
    by_id('hold-out-sentence').hidden = false;
  }
  by_id('cost').textContent = data.verdict.cost + spent();
  if (data.verdict.next.length > 0) {
    by_id('next-steps').replaceChildren(element('h2', {}, 'What to try next'),
      element('ul', {}, ...data.verdict.next.map((step) => element('li', {}, step))));
  }
  const facts = [counted(data.all_trials, 'trial', 'trials'), counted(data.asked, 'question', 'questions'),
    counted(data.documents, 'document', 'documents')];
  let text = facts.join(', ') + '. Best means the highest ' + words(data.objective) + '; intervals and p-values say how sure '
    + 'that is.';
  if (data.judge === 'overlap') text += ' Scored by the built-in overlap judge, not by a language model.';
  if (data.rows_to_try_again > 0) {
    text += ' ' + counted(data.rows_to_try_again, 'row', 'rows') + ' failed for reasons that may pass; the same command tries them again.';
  }
  by_id('facts').textContent = text;
  by_id('made-by').textContent = 'Golden questions ' + data.golden.slice(0, 16) + '. Made by dream_sweep ' + data.program + '. This page needs no network and sends nothing.';
}

// ---- table ----------------------------------------------------------------------------------------------------------

const first_rows = 30;
const table = {column: null, falling: true, all: false};

const mark_cell = (trial) =>
  element('span', {class: 'mark ' + (trial.mark === 'best' || trial.mark === 'tie' ? trial.mark : 'quiet')},
    trial.mark === 'best' ? '★ best' : trial.mark === 'tie' ? '● tie' : trial.mark);

function table_cell(column, index) {
  const trial = data.trials[index];
  const value = column.values[index];
  const cell = element('td', {class: column.numeric ? 'number' : null}, cell_text(column, value));
  const between = ([low, high]) => element('small', {}, ' (' + score(low) + ' to ' + score(high) + ')');
  if (column.behind && trial.behind) cell.append(between(trial.behind.slice(1)));
  if (column.metric === undefined) return cell;
  const asked = Math.max(1, data.asked);
  const error = trial.error[column.metric];
  if (column.name === data.objective && trial.interval) cell.append(between(trial.interval));
  else if (error !== null) cell.append(element('small', {}, ' ± ' + score(error)));
  cell.append(element('small', {}, ' · ' + share(trial.count[column.metric] / asked)));
  return cell;
}

function sorted_trials() {
  const order = data.trials.map((_, i) => i).filter(inside);
  if (table.column === null) return order;
  const {values, numeric} = table.column;
  const sign = table.falling ? -1 : 1;
  return order.sort((a, b) => {
    const [x, y] = [values[a], values[b]];
    if (x === null || y === null) return (x === null) - (y === null);
    return sign * (numeric ? x - y : String(x).localeCompare(String(y), 'en', {numeric: true})) || a - b;
  });
}

function sort_by(column) {
  table.falling = table.column === column ? !table.falling : column.metric !== undefined;
  table.column = column;
  for (const head of by_id('trial-table').querySelectorAll('th')) {
    if (head.dataset.column === column.name) head.setAttribute('aria-sort', table.falling ? 'descending' : 'ascending');
    else head.removeAttribute('aria-sort');
  }
  show_rows();
}

// While trials are brushed away the table keeps its height: else the axis would slip from under the pointer.
function hold_height() {
  const frame = by_id('trial-table').parentElement;
  if (brushes.size === 0) frame.style.minHeight = '';
  else if (frame.style.minHeight === '') frame.style.minHeight = frame.offsetHeight + 'px';
}

// What decides comes first.
const decides = (column) => column.name === data.objective || column.behind === true;
function listed_columns() {
  const listed = columns.filter((c) => c.listed);
  return [...listed.filter(decides), ...listed.filter((c) => !decides(c))];
}

function show_rows() {
  hold_height();
  const order = sorted_trials();
  const shown = table.all ? order : order.slice(0, first_rows);
  const listed = listed_columns();
  by_id('trial-table').tBodies[0].replaceChildren(...shown.map((index) => {
    const trial = data.trials[index];
    const name = index < data.finalists && data.questions.length > 0
      ? button(trial.number, () => { compare(index); by_id('answers').scrollIntoView(); }) : String(trial.number);
    if (name instanceof Element) name.setAttribute('aria-label', 'Answers of trial ' + trial.number);
    return element('tr', {}, element('td', {}, name), element('td', {}, mark_cell(trial)),
      element('td', {class: 'number'}, trial.p === null || trial.mark === 'best' ? '–' : trial.p < 0.001 ? '< 0.001' : trial.p.toFixed(3)),
      ...listed.map((column) => table_cell(column, index)));
  }));
  by_id('shown-rows').textContent = shown.length + ' of ' + counted(data.trials.length, 'trial', 'trials') + ' shown'
    + (brushes.size > 0 ? ', ' + counted(order.length, 'trial is', 'trials are') + ' in the ranges' : '')
    + (data.trials.length < data.all_trials ? '; the page holds the best of ' + number.format(data.all_trials) + ', results.csv all' : '');
  const more = by_id('more-rows');
  more.hidden = shown.length === order.length;
  more.textContent = 'Show all ' + order.length;
}

function show_table() {
  const alike = columns.filter((c) => c.parameter && !varies(c));
  for (const column of columns) column.listed = told(column) && !alike.includes(column);
  const note = [];
  const same = alike.map((c) => words(c.name) + ' ' + [...c.known][0]);
  if (same.length > 0) note.push('The same for all trials that have it: ' + same.join(', ') + '.');
  note.push('A cell holds the mean, of ' + words(data.objective) + ' with its 95 % interval, of the others ± their standard error, and the '
    + 'share of questions that have a value. Behind the best: the mean difference by question, for the first 20. p is for “as good as the best”, '
    + 'tested for all trials together. A number that is a button opens the answers of that trial.');
  by_id('trials-note').textContent = note.join(' ');
  const heads = listed_columns().map((column) =>
    element('th', {scope: 'col', class: column.numeric ? 'number' : null, 'data-column': column.name},
      button(label_of(column), () => sort_by(column))));
  by_id('trial-table').replaceChildren(
    element('thead', {}, element('tr', {}, element('th', {scope: 'col'}, 'trial'), element('th', {scope: 'col'}, 'verdict'),
      element('th', {scope: 'col', class: 'number'}, 'p'), ...heads)),
    element('tbody'));
  by_id('more-rows').addEventListener('click', () => { table.all = true; show_rows(); });
  show_rows();
  watchers.push(show_rows);
}

// ---- parallel coordinates -------------------------------------------------------------------------------------------

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

// ---- quality and price ----------------------------------------------------------------------------------------------

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
    + '. Latency is the median call for an answer in this start, with that for reranking where a call does it.';
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

// ---- answers --------------------------------------------------------------------------------------------------------

const origins = ['', 'filled in', 'merged from its parts'];

function passage_box([passage_number, closeness, origin]) {
  const passage = data.passages[passage_number];
  const pages = passage.first === passage.last ? 'page ' + passage.first : 'pages ' + passage.first + '–' + passage.last;
  const head = [text_of(passage.file, 'chunks.csv under ' + passage.name), pages, 'similarity ' + score(closeness), origins[origin]];
  return element('details', {}, element('summary', {}, head.filter((part) => part).join(' · ')),
    element('p', {class: 'passage text'}, text_of(passage.text, 'chunks.csv under ' + passage.name)),
    element('p', {class: 'quiet'}, passage.name));
}

// The judge's verdicts, below the metric that each counts for.
function remarks_box(cell) {
  if (cell.remarks.length === 0) return null;
  const metrics = data.metrics.filter((name) => cell.remarks.some(([metric]) => metric === name));
  const line = ([, statement, verdict, good, reason]) => element('li', {class: good ? 'good' : 'bad'},
    element('span', {class: 'verdict'}, (good ? '✓ ' : '✗ ') + verdict), ' ', element('span', {class: 'text'}, text_of(statement, 'sweep.h5')),
    reason === '' ? null : element('small', {class: 'text'}, text_of(reason, 'sweep.h5')));
  const good = cell.remarks.filter(([, , , yes]) => yes).length;
  return element('details', {class: 'remarks', open: true},
    element('summary', {}, 'What the judge said: ' + good + ' of ' + counted(cell.remarks.length, 'verdict', 'verdicts') + ' in favour'),
    ...metrics.flatMap((metric) => [element('h4', {}, words(metric)),
      element('ul', {}, ...cell.remarks.filter(([of]) => of === metric).map(line))]));
}

function answer_box(trial, cell) {
  const answer = cell.reason !== '' ? 'No answer: ' + words(cell.reason) : text_of(cell.answer, 'questions.csv');
  return element('div', {},
    element('h3', {}, trial_words(trial), ' ', trial.mark === '' ? null : mark_cell(trial)),
    element('p', {class: 'answer text'}, answer || '(an empty answer)'),
    cell.flagged ? element('p', {class: 'best'}, 'A passage speaks to whoever judges. Scores are not changed by that, but look at it.') : null,
    remarks_box(cell),
    element('h3', {}, counted(cell.contexts.length, 'passage', 'passages') + ' that it read'),
    ...cell.contexts.map(passage_box));
}

function scores_table(cells, trials) {
  const metric_cell = (cell, i) => element('td', {class: 'number'}, cell.scores[i] !== null ? score(cell.scores[i])
    : element('small', {}, words(cell.reasons[i])));
  const rows = data.metrics.map((name, i) => {
    const [a, b] = cells.map((cell) => cell.scores[i]);
    return element('tr', {}, element('th', {scope: 'row'}, words(name)), ...cells.map((cell) => metric_cell(cell, i)),
      element('td', {class: 'number'}, a === null || b === null ? '–' : (a > b ? '+' : '') + (a - b).toFixed(3)));
  });
  return element('div', {class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Scores of this question'},
    element('table', {}, element('thead', {}, element('tr', {}, element('th', {scope: 'col'}, 'metric'),
      ...trials.map((t) => element('th', {scope: 'col', class: 'number'}, trial_name(t))),
      element('th', {scope: 'col', class: 'number'}, 'left − right'))), element('tbody', {}, ...rows)));
}

function show_question() {
  const question = data.questions[by_id('question').value];
  const sides = [Number(by_id('left').value), Number(by_id('right').value)];
  const trials = sides.map((side) => data.trials[side]);
  const cells = sides.map((side) => question.answers[side]);
  by_id('previous').disabled = by_id('question').selectedIndex === 0;
  by_id('next').disabled = by_id('question').selectedIndex === data.questions.length - 1;
  by_id('detail').replaceChildren(
    element('h3', {class: 'text'}, text_of(question.question, 'questions.csv')),
    element('p', {}, element('span', {class: 'quiet'}, 'Expected: '), element('span', {class: 'text'}, text_of(question.reference, 'the golden file')),
      element('span', {class: 'quiet'}, ' (question ' + question.id + ')')),
    scores_table(cells, trials),
    element('div', {class: 'pair'}, ...sides.map((side, i) => answer_box(trials[i], cells[i]))));
}

// Opens the answers of a finalist beside those of the best, or of the second when it is the best itself.
function compare(trial) {
  if (texts === null) return;
  by_id('left').value = trial;
  by_id('right').value = trial === 0 ? Math.min(1, data.finalists - 1) : 0;
  show_question();
}

function show_answers() {
  if (data.questions.length === 0) {
    by_id('answers').hidden = true;
    return;
  }
  if (texts === null) {
    by_id('answers').querySelector('.controls').hidden = true;
    by_id('answers-note').textContent = 'This browser cannot unpack the texts; dream_report OUTPUT --trial T --question Q shows them.';
    return;
  }
  by_id('answers-note').textContent = 'The ' + counted(data.questions.length, 'question', 'questions') + ' whose ' + words(data.objective)
    + ' differs most among the ' + counted(data.finalists, 'best trial', 'best trials') + ', the most telling first. questions.csv has all of them, and dream_report OUTPUT --trial T --question Q shows any.';
  by_id('question').append(...data.questions.map((q, i) =>
    element('option', {value: i}, (i + 1) + '. ' + shortened(text_of(q.question, 'questions.csv'), 110) + ' (± ' + q.spread.toFixed(2) + ')')));
  for (const side of ['left', 'right']) {
    by_id(side).append(...data.trials.slice(0, data.finalists).map((trial, i) => element('option', {value: i}, trial_words(trial))));
    by_id(side).addEventListener('change', show_question);
  }
  by_id('question').addEventListener('change', show_question);
  const turn = (by) => () => { by_id('question').selectedIndex += by; show_question(); };
  by_id('previous').addEventListener('click', turn(-1));
  by_id('next').addEventListener('click', turn(1));
  compare(0);
}

// ---- stages ---------------------------------------------------------------------------------------------------------

// Where each stage stands in the graph, column and row, and what it reads.
const stage_places = {read: [0, 1, []], gold: [1, 2, ['read']], chunk: [1, 1, ['read']], embed: [2, 1, ['chunk']], query: [3, 0, []],
  index: [3, 1, ['embed']], search: [4, 1, ['index', 'query']], rerank: [5, 1, ['search']], select: [6, 1, ['rerank', 'search']],
  score: [7, 1, ['select', 'gold']]};

function sharing_of(stage) {
  const each = data.all_trials / Math.max(1, stage.nodes);
  return stage.nodes === 0 ? '–' : each <= 1 ? 'not shared' : counted(Math.round(each * 10) / 10, 'trial', 'trials') + (stage.nodes > 1 ? ' each' : '');
}

function show_stage_graph() {
  const stages = new Map(data.stages.map((stage, i) => [stage.name, {...stage, now: data.measured ? data.measured.stages[i] : null}]));
  const without = stages.has('rerank') ? 0 : 1;
  const [wide, high, gap, row] = [116, 66, 28, 82];
  const at = (name) => {
    const [column, line] = stage_places[name];
    return [(column - (column > 5 ? without : 0)) * (wide + gap) + 1, line * row + 1];
  };
  const known = [...stages.keys()].filter((name) => stage_places[name]);
  const sum = known.reduce((all, name) => all + (stages.get(name).now ? stages.get(name).now.seconds : 0), 0) || 1;
  const edges = known.flatMap((name) => stage_places[name][2]
    .filter((from) => stages.has(from) && !(name === 'select' && from === 'search' && stages.has('rerank')))
    .map((from) => {
      const [[x0, y0], [x1, y1]] = [at(from), at(name)];
      const [a, b, c, d] = [x0 + wide, y0 + high / 2, x1, y1 + high / 2];
      const curve = from === 'gold' ? `M${a} ${b}H${c - gap}Q${c - gap / 2} ${b} ${c} ${d + 10}` : `M${a} ${b}C${a + gap / 2} ${b} ${c - gap / 2} ${d} ${c} ${d}`;
      return shape('path', {class: 'edge', d: curve});
    }));
  const boxes = known.map((name) => {
    const stage = stages.get(name);
    const [x, y] = at(name);
    const share_of = stage.now ? stage.now.seconds / sum : 0;
    return shape('g', {},
      shape('title', {}, name + ': ' + counted(stage.nodes, 'node', 'nodes') + ', shared by ' + sharing_of(stage)),
      shape('rect', {class: 'stage', x, y, width: wide, height: high, rx: 6}),
      shape('rect', {class: 'stage-share', x: x + 8, y: y + high - 11, width: Math.max(stage.now ? 1 : 0, share_of * (wide - 16)), height: 5, rx: 2}),
      shape('text', {class: 'stage-name', x: x + 8, y: y + 17}, name),
      shape('text', {class: 'stage-time', x: x + wide - 8, y: y + 17, 'text-anchor': 'end'}, stage.now ? seconds(stage.now.seconds) : ''),
      shape('text', {class: 'stage-note', x: x + 8, y: y + 33}, counted(stage.nodes, 'node', 'nodes')),
      shape('text', {class: 'stage-note', x: x + 8, y: y + 47}, sharing_of(stage)));
  });
  const width = (8 - without) * (wide + gap) - gap + 2;
  fill(by_id('stage-graph'), {width, height: 2 * row + high + 2, viewBox: `0 0 ${width} ${2 * row + high + 2}`,
    'aria-label': 'Stages from left to right: ' + known.join(', ')}, [...edges, ...boxes]);
}

// Calls to endpoints by what they were for.
function show_calls() {
  const usage = data.measured && data.measured.usage ? data.measured.usage : [];
  if (usage.length === 0) return;
  const cost = (usd) => (usd === 0 ? '–' : Number(usd.toPrecision(4)).toString());
  const wait = (s) => (s > 0 ? seconds(s) : '–');
  by_id('calls').replaceChildren(element('h3', {}, 'Calls of this start'), small_table(
    ['for', 'model', 'sent', 'found in the state folder', 'given up', 'tokens sent', 'tokens received', 'USD', 'median', '95 % within'],
    usage.map((row) => [row.purpose, row.model, ...[row.sent, row.from_state, row.given_up, row.input_tokens, row.output_tokens].map((n) => number.format(n)),
      cost(row.usd), wait(row.p50), wait(row.p95)]), -1));
  const {forecast} = data.measured;
  if (!forecast || forecast.length === 0) return;
  const beside = (guess, fact) => number.format(fact) + ' of ' + number.format(guess);
  by_id('calls').append(element('h3', {}, 'What was made of what was forecast'), small_table(
    ['for', 'model', 'calls', 'tokens sent', 'tokens received', 'USD', 'USD forecast'],
    forecast.map((row) => [row.purpose, row.model, beside(row.calls, row.calls_made), beside(row.input_tokens, row.input_tokens_made),
      beside(row.output_tokens, row.output_tokens_made), cost(row.cost_usd_made), cost(row.cost_usd)]), -1));
}

function show_stages() {
  show_stage_graph();
  show_calls();
  const {measured} = data;  // null where the page was made anew without manifest.json
  const most = measured ? Math.max(...measured.stages.map((s) => s.seconds), 1e-9) : 1;
  by_id('stages-note').textContent = 'Trials with the same beginning share its nodes, and a node is made once. '
    + (!measured ? 'How long it took stood in manifest.json, which was not there.'
      : 'Seconds are of this start alone, summed over '
        + counted(measured.ranks, 'rank', 'ranks') + ' on ' + counted(measured.hosts, 'host', 'hosts') + '; parts that an earlier start had made cost none.'
        + (measured.calls + measured.calls_from_state > 0 ? ' ' + counted(measured.calls, 'call', 'calls') + ' went to endpoints, '
          + number.format(measured.calls_from_state) + ' replies were there already.' : ''));
  const head = ['stage', 'nodes', 'shared by', 'parts', 'made now', 'seconds, all ranks', 'slowest rank', ''];
  const rows = data.stages.map((stage, i) => {
    const now = measured ? measured.stages[i] : null;
    const bar = element('span', {class: 'bar'});
    bar.style.width = ((now ? now.seconds : 0) / most * 100) + '%';
    const sharing = sharing_of(stage);
    const cells = [number.format(stage.nodes), sharing, number.format(stage.parts),
      ...(now ? [number.format(now.made), seconds(now.seconds), seconds(now.slowest)] : ['–', '–', '–'])];
    return element('tr', {}, element('th', {scope: 'row'}, stage.name), ...cells.map((text) => element('td', {class: 'number'}, text)),
      element('td', {class: 'track'}, bar));
  });
  by_id('stage-table').replaceChildren(
    element('thead', {}, element('tr', {}, ...head.map((text, i) => element('th', {scope: 'col', class: i > 0 && i < 7 ? 'number' : null}, text)))),
    element('tbody', {}, ...rows));
  by_id('stage-nodes').replaceChildren(...data.stages.filter((stage) => stage.nodes > 1).map((stage) =>
    element('details', {}, element('summary', {}, 'Nodes of ' + stage.name + ' (' + number.format(stage.nodes) + ')'),
      element('div', {class: 'scroll'}, element('table', {}, element('tbody', {}, ...stage.list.map(([name, parts, users]) =>
        element('tr', {}, element('td', {}, name), element('td', {class: 'number'}, counted(parts, 'part', 'parts')),
          element('td', {class: 'number'}, counted(users, 'trial', 'trials'))))))),
      stage.list.length < stage.nodes ? element('p', {class: 'quiet'}, 'and ' + (stage.nodes - stage.list.length) + ' more') : null)));
}

// ---- failures -------------------------------------------------------------------------------------------------------

function small_table(heads, rows, wrapped) {
  return element('div', {class: 'scroll', tabindex: 0}, element('table', {},
    element('thead', {}, element('tr', {}, ...heads.map((text) => element('th', {scope: 'col'}, text)))),
    element('tbody', {}, ...rows.map((row) => element('tr', {}, ...row.map((text, i) =>
      element('td', {class: i === wrapped ? 'wrap' : null}, String(text))))))));
}

function show_failures() {
  const {reasons, documents, all_documents} = data.failures;
  const list = by_id('failure-list');
  if (reasons.length === 0) list.append(element('p', {}, 'Nothing: every document gave text, every answer came, every metric has a value.'));
  else {
    list.append(element('p', {}, 'Rows without a value, over all trials and questions. A reason is a word of docs/errors.md.'),
      small_table(['missing', 'reason', 'rows'], reasons.map(([what, reason, count]) => [words(what), reason, number.format(count)]), -1));
  }
  if (documents.length > 0) {
    list.append(element('h3', {}, counted(all_documents, 'document', 'documents') + ' without text'),
      small_table(['document', 'reason', 'detail'], documents, 2));
    if (documents.length < all_documents) list.append(element('p', {class: 'quiet'}, 'manifest.json has all of them.'));
  }
  if (data.gold.without + data.gold.lost_passages > 0) {
    list.append(element('p', {}, counted(data.gold.without, 'question has', 'questions have') + ' no gold, and '
      + counted(data.gold.lost_passages, 'golden passage stands', 'golden passages stand') + ' in no document: retrieval metrics leave them out.'));
  }
  if (data.warnings.length > 0)
    list.append(element('h3', {}, 'Warnings'), ...data.warnings.map((text) => element('p', {}, text)));
  const noise = Object.entries(data.judge_noise);
  if (noise.length > 0) {
    list.append(element('h3', {}, 'How far the judge disagrees with itself'), small_table(['metric', 'verdicts', 'that differ from their majority',
      'standard deviation of a score'], noise.map(([metric, one]) => [words(metric), number.format(one.verdicts),
      (100 * one.flip_rate).toFixed(1) + ' %', one.standard_deviation.toFixed(3)]), -1));
  }
}

function show_hold_out() {
  const {holdout} = data;
  if (!holdout) return;
  const three = (value) => value.toFixed(3);
  const range = (low, high) => three(low) + ' to ' + three(high);
  by_id('hold-out').replaceChildren(element('h3', {}, 'The hold-out: questions that chose nobody'),
    small_table(['trial', 'in the sweep', 'hold-out', '95 % interval', 'difference', '95 % interval'], holdout.trials.map((one) =>
      one.questions === 0 ? [one.number, three(one.sweep), '–', '–', '–', '–']
        : [one.number, three(one.sweep), three(one.mean), range(one.low, one.high), three(one.flattery), range(one.flattery_low, one.flattery_high)]), -1));
}

show_head();
show_table();
show_hold_out();
show_axes();
show_price();
show_stages();
show_failures();
const ready = unpack_texts().catch(() => {}).then(show_answers);

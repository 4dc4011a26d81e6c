// The sortable table of trials.

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

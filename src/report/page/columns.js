// Columns: everything about a trial that can be sorted, drawn or filtered.

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
  add('latency', (t) => latency(t, 'p50'), {price: true, unit: 's', per_question: true});
  add('latency_95_%', (t) => latency(t, 'p95'), {price: true, unit: 's', per_question: true});
  add('cost', (t) => t.cost, {price: true, unit: 'USD'});
  add('cost_of_a_question', (t) => t.question_usd, {price: true, unit: 'USD', per_question: true});
  add('failed_answers', (t) => t.failed_answers, {count: true});
  add('flagged', (t) => t.flagged, {count: true});
  return columns;
}
// What a question waited for when it was asked alone. Null where objective.latency_probe did not ask.
function latency(trial, quantile) {
  const rows = data.measured && data.measured.latency_probe ? data.measured.latency_probe : [];
  const row = rows.find((one) => one.trial === trial.number);
  return row ? row[quantile] : null;
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

// The best trials, question by question.

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

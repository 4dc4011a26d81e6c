// The verdict, what it cost, what to try next.

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

// The finalists on questions that chose nobody.

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

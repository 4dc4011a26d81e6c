// What has no value and why, warnings, and how sure the judge is of itself.

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

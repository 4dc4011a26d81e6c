// The graph of stages, what they took, and the calls.

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

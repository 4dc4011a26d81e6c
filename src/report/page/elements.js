// Making elements.

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

function small_table(heads, rows, wrapped) {
  return element('div', {class: 'scroll', tabindex: 0}, element('table', {},
    element('thead', {}, element('tr', {}, ...heads.map((text) => element('th', {scope: 'col'}, text)))),
    element('tbody', {}, ...rows.map((row) => element('tr', {}, ...row.map((text, i) =>
      element('td', {class: i === wrapped ? 'wrap' : null}, String(text))))))));
}

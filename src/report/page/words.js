// Numbers and names as people read them.

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

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

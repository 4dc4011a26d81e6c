#include "stages/chunk/chunker.hpp"

#include "parts/chunks.hpp"
#include "parts/documents.hpp"
#include "sweep/phases/phases.hpp"

namespace dream::sweep {

void chunk_documents(Run& run) {
  make_parts(run, Stage::chunk, [&](const Item& item) {
    const auto& node = run.node(item.node);
    const auto& method = run.config.space.methods[static_cast<std::size_t>(node.method)];
    const auto chunker = chunk::chunker_row(method.name).make(method.params, run.models.chunk_tokenizer);
    std::vector<parts::ChunkedDocument> chunked;
    for (const auto& read : parts::load_documents(run.parts.open(run.key(node.inputs[0], item.part)))) {
      run.pulse();
      chunked.push_back({read.document.hash, chunker->chunk(read.document)});
    }
    run.parts.write(item.key, [&](state::H5Writer& file) { parts::save(file, chunked); });
  });
}

}  // namespace dream::sweep

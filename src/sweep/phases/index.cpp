#include "stages/index/shard.hpp"

#include <algorithm>

#include "parts/vectors.hpp"
#include "sweep/phases/phases.hpp"
#include "sweep/shard_rows.hpp"

namespace dream::sweep {

void build_indexes(Run& run) {
  make_parts(run, Stage::index, [&](const Item& item) {
    auto rows = load_rows(run, item.node, item.part);
    run.tally.shard_rows += std::ssize(rows.ids);
    const auto built = index::build(rows, run.config.index.factory);
    run.parts.write_beside(item.key, "faiss", std::string_view(built.file.data(), built.file.size()));
    run.parts.write(item.key, [&](state::H5Writer& file) {
      parts::save(file, parts::ShardTable{rows.ids});
      file.attribute("factory", built.factory);
      file.attribute("faiss_digest", digest_of(std::string_view(built.file.data(), built.file.size())).hex());
    });
  });
}

}  // namespace dream::sweep

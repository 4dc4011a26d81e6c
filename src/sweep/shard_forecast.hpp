#pragma once
#include "sweep/run_context.hpp"

namespace dream::sweep {

/// Before anything is embedded: every shard that a GPU will search must fit beside the models into what this
/// rank may take of its memory. Counts the chunks of each shard, all ranks together. Throws Error on all
/// ranks with the forecast, the first rank's number and host, and a remedy. Nothing where the CPU searches.
/// Collective.
void check_shards_fit(Run& run);

}  // namespace dream::sweep

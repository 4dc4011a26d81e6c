#include "sweep/prepare.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/host.hpp"
#include "comm/agree.hpp"
#include "stages/index/shard.hpp"
#include "state/starts.hpp"
#include "sweep/numeric_class.hpp"
#include "sweep/preflight.hpp"
#include "sweep/seats.hpp"
#include "sweep/threads.hpp"

namespace dream::sweep {
namespace {

/// Were the models of two ranks different, a sweep's bytes would depend on which rank embedded what.
void check_same_models(comm::Communicator& comm, const Models& models) {
  Hasher hasher("models");
  for (const auto* identities : {&models.identities.embedders, &models.identities.rerankers}) {
    for (const auto& [name, identity] : *identities) hasher.add(name).add(identity);
  }
  const auto all = comm.all_gather(hasher.finish());
  comm::agree(comm, [&] {
    if (std::ranges::adjacent_find(all, std::not_equal_to<>()) == all.end()) return;
    throw ConfigError(
        "the ranks do not agree on the models: the files of a model differ between hosts; use one model "
        "folder that all of them see");
  });
}

/// What the models need of the GPU must fit into device.memory_share, for all ranks on it together.
void admit(comm::Communicator& comm, const config::Config& config, const Seat& seat, const Prepared& ready) {
  std::vector<device::Demand> demands{{"workspace of products", 0, ready.accelerator->bytes_in_use()}};
  if (seat.for_exchange > 0) demands.push_back({"vectors over NCCL", 0, seat.for_exchange});
  for (const auto& [name, embedder] : ready.models.embedders) {
    const auto bytes = embedder->device_bytes();
    if (bytes.weights > 0) demands.push_back({"models." + name, bytes.weights, bytes.buffers});
  }
  comm::agree(comm, [&] {
    const auto refusal =
        device::refusal_of_demands(demands, seat.ranks, seat.gpu, config.device.memory_share);
    if (refusal)
      throw Error(refusal->code, fmt::format("{} (rank {} on {})", refusal->text, comm.rank(), host_name()));
  });
}

golden::DocumentNames names_of(const Inputs& inputs) {
  golden::DocumentNames names;
  for (const auto& document : inputs.documents) {
    for (const auto& name : document.names) names.emplace(name, document.hash);
  }
  return names;
}

}  // namespace

Prepared prepare(comm::Communicator& comm, const config::Config& config, const RunOptions& options,
                 const Pulse& pulse) {
  Prepared ready;
  ready.hosts = comm::gather_hosts(comm);
  check_folders_apart(comm, config);
  if (!options.plan_only || options.check_endpoints) {
    const PreflightOptions how{.nonce = options.incarnation,
                               .until = options.pilot > 0 ? std::nullopt : options.until,
                               .makes_state = !options.plan_only};
    for (const auto& note : preflight(comm, ready.hosts, config, how, pulse))
      options.log(Level::warning, note);
  }
  comm::agree(comm, [&] {
    // A run that goes on within a job, after a loss of ranks, is no start.
    if (comm.rank() == 0 && !options.plan_only && options.replaces.empty())
      state::count_start(config.sweep.state, config.sweep.name);
  });
  ready.questions = load_questions(comm, config.golden, options.s3, pulse);
  ready.inputs = list_inputs(comm, config, options.s3, !options.plan_only, pulse);
  check_corpus(comm, config, ready.inputs);
  check_sources(comm, config.golden, ready.questions.list, ready.inputs);
  agree_on_numeric_class(comm);
  Seat seat;
  ready.accelerator = open_accelerator(comm, ready.hosts, config.device, seat);
  comm::agree(comm, [&] {
    model::Compute compute(options.plan_only ? 1 : threads_for_this_rank(config.device));
    compute.accelerator = ready.accelerator;
    compute.batch_tokens = config.device.batch_tokens;
    ready.models = load_models(config, compute);
    for (const auto& name : config.space.embedders) {
      // A model behind an endpoint shows its dimension when it is first asked (embed.cpp).
      if (ready.models.embedders.contains(name))
        index::check_factory(config.index.factory, ready.models.embedder(name).dimension());
    }
  });
  check_same_models(comm, ready.models);
  if (ready.accelerator) admit(comm, config, seat, ready);
  if (!options.plan_only) place_weights(comm, ready.models, options.log);
  ready.names = names_of(ready.inputs);
  return ready;
}

std::map<std::string, std::string> precisions_of(const Models& models) {
  std::map<std::string, std::string> precisions;
  for (const auto& [name, model] : models.embedders) precisions[name] = model->precision();
  for (const auto& [name, model] : models.rerankers) precisions[name] = model->precision();
  std::erase_if(precisions, [](const auto& entry) { return entry.second.empty(); });
  return precisions;
}

Digest digest_of_names(comm::Communicator& comm, const golden::DocumentNames& names,
                       const std::vector<GoldenQuestion>& questions) {
  Hasher hasher("document names");
  if (std::ranges::any_of(questions, [](const auto& question) { return !question.sources.empty(); })) {
    for (const auto& [name, document] : names) hasher.add(name).add(document);
  }
  auto digest = hasher.finish();
  comm.broadcast(std::span<Digest>(&digest, 1), 0);
  return digest;
}

}  // namespace dream::sweep

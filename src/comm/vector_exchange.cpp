#include "comm/vector_exchange.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <numeric>
#include <string_view>

#include "base/errors.hpp"
#include "base/host.hpp"
#include "comm/agree.hpp"
#include "comm/hosts.hpp"

namespace dream::comm {
namespace {

class OverMpi final : public VectorExchange {
 public:
  explicit OverMpi(Communicator comm) : comm_(std::move(comm)) {}
  std::string name() const override { return "mpi"; }
  Gathered<char> all_to_all_v(std::span<const char> out, std::span<const std::int64_t> counts) override {
    return comm_.all_to_all_v(out, counts);
  }

 private:
  Communicator comm_;
};

/// One piece of what a rank sends to each peer, or gets from it: in host memory they lie apart, at `host`; on
/// the GPU one after the other.
struct Round {
  std::vector<std::int64_t> host;
  std::vector<std::int64_t> counts;
  std::int64_t bytes = 0;
};

/// But for what a rank sends to itself.
Round cut(std::span<const std::int64_t> totals, int itself, std::int64_t done, std::int64_t step) {
  Round round;
  std::int64_t begin = 0;
  for (std::size_t peer = 0; peer < totals.size(); ++peer) {
    const auto left = static_cast<int>(peer) == itself ? 0 : totals[peer] - done;
    round.host.push_back(begin + std::min(done, totals[peer]));
    round.counts.push_back(std::clamp<std::int64_t>(left, 0, step));
    round.bytes += round.counts.back();
    begin += totals[peer];
  }
  return round;
}

/// Memory of the GPU for bytes on their way.
struct Staging {
  Staging(std::shared_ptr<const Gpu> on, std::int64_t bytes_per_peer, int peers)
      : gpu(std::move(on)),
        step(std::max<std::int64_t>(1, bytes_per_peer)),
        out(gpu, step * peers),
        in(gpu, step * peers) {}

  std::shared_ptr<const Gpu> gpu;
  std::int64_t step;  ///< bytes of a round for each peer
  DeviceBuffer out;
  DeviceBuffer in;
};

/// Up to the GPU, over NCCL, down again, in rounds that fit the staging memory.
class OverNccl final : public VectorExchange {
 public:
  OverNccl(Communicator comm, Staging staging, const NcclOptions& options)
      : comm_(std::move(comm)), staging_(std::move(staging)), nccl_(comm_, staging_.gpu, options) {}
  std::string name() const override { return "nccl"; }

  Gathered<char> all_to_all_v(std::span<const char> out, std::span<const std::int64_t> counts) override {
    const auto in_counts = nccl_.exchange_counts(counts);
    Gathered<char> in;
    in.offsets.push_back(0);
    for (const auto count : in_counts) in.offsets.push_back(in.offsets.back() + count);
    in.values.resize(static_cast<std::size_t>(in.offsets.back()));
    const auto me = static_cast<std::size_t>(comm_.rank());
    const auto own = std::accumulate(counts.begin(), counts.begin() + comm_.rank(), std::int64_t{0});
    std::copy_n(out.data() + own, counts[me], in.values.data() + in.offsets[me]);
    // Every round is a verb of all ranks, so their number is that of the longest way anywhere; a rank's own
    // share has none.
    std::int64_t longest = 0;
    for (std::size_t peer = 0; peer < counts.size(); ++peer)
      if (peer != me) longest = std::max(longest, counts[peer]);
    longest = comm_.all_reduce(longest, Reduce::max);
    for (std::int64_t done = 0; done < longest; done += staging_.step) {
      move(out.data(), cut(counts, comm_.rank(), done, staging_.step), in.values.data(),
           cut(in_counts, comm_.rank(), done, staging_.step));
    }
    return in;
  }

  void close() override { nccl_.close(); }

 private:
  void move(const char* out, const Round& sent, char* in, const Round& received) {
    std::int64_t at = 0;
    for (std::size_t peer = 0; peer < sent.counts.size(); ++peer) {
      staging_.gpu->copy_in(staging_.out.span().part(at, sent.counts[peer]), out + sent.host[peer]);
      at += sent.counts[peer];
    }
    nccl_.all_to_all_v(staging_.out.span().part(0, sent.bytes), sent.counts,
                       staging_.in.span().part(0, received.bytes), received.counts);
    // Only now: a copy to host memory may hold this thread until the stream has come to it.
    at = 0;
    for (std::size_t peer = 0; peer < received.counts.size(); ++peer) {
      staging_.gpu->copy_out(in + received.host[peer], staging_.in.span().part(at, received.counts[peer]));
      at += received.counts[peer];
    }
    nccl_.finish();
  }

  Communicator comm_;
  Staging staging_;
  Nccl nccl_;
};

std::vector<std::string> gather_texts(Communicator& comm, const std::string& mine) {
  const auto all = comm.all_gather_v(std::span<const char>(mine));
  std::vector<std::string> texts;
  for (int rank = 0; rank < comm.size(); ++rank) {
    const auto text = all.from(rank);
    texts.emplace_back(text.begin(), text.end());
  }
  return texts;
}

/// What this rank has; fills in what it needs of the ground.
GpuFacts look(const GpuLibraries& libraries, int number_on_host, NcclGround& ground) {
  GpuFacts facts;
  facts.host = host_name();
  try {
    const auto calls = std::make_shared<const GpuCalls>(libraries.cuda, libraries.nccl);
    facts.nccl = calls->nccl_version();
    ground.ordinal = number_on_host % calls->count_devices();
    facts.gpu = bus_address(*calls, ground.ordinal);
    const char* shares = std::getenv("NCCL_MULTI_RANK_GPU_ENABLE");
    facts.shares = shares != nullptr && std::string_view(shares) == "1";
    ground.calls = calls;
  } catch (const Error& error) {
    facts.obstacle = error.what();
  }
  return facts;
}

std::vector<GpuFacts> gather_facts(Communicator& comm, const GpuFacts& mine) {
  Packer packer;
  packer.put(mine.host).put(mine.obstacle).put(mine.gpu).put(mine.nccl).put(mine.shares);
  const auto message = packer.take();
  std::vector<GpuFacts> all;
  for (const auto& text : gather_texts(comm, {message.begin(), message.end()})) {
    Unpacker reader(text);
    GpuFacts& facts = all.emplace_back();
    facts.host = reader.get<std::string>();
    facts.obstacle = reader.get<std::string>();
    facts.gpu = reader.get<std::string>();
    facts.nccl = reader.get<int>();
    facts.shares = reader.get<bool>();
  }
  return all;
}

std::unique_ptr<VectorExchange> start_nccl(Communicator& comm, const NcclGround& ground,
                                           const ExchangeOptions& options) {
  std::unique_ptr<Staging> staging;
  agree(comm, [&] {
    const auto gpu = std::make_shared<const Gpu>(ground.calls, ground.ordinal);
    staging = std::make_unique<Staging>(gpu, options.staging_bytes / comm.size(), comm.size());
  });
  return std::make_unique<OverNccl>(comm, std::move(*staging), options.nccl);
}

std::string name_of(std::span<const GpuFacts> by_rank, std::size_t rank) {
  return fmt::format("rank {} on {}", rank, by_rank[rank].host);
}

}  // namespace

ExchangeChoice choose_exchange(std::span<const GpuFacts> by_rank) {
  std::map<std::pair<std::string, std::string>, std::size_t> users;
  std::string shared;
  for (std::size_t rank = 0; rank < by_rank.size(); ++rank) {
    const auto& facts = by_rank[rank];
    if (!facts.obstacle.empty()) return {false, name_of(by_rank, rank) + ": " + facts.obstacle};
    if (facts.nccl != by_rank[0].nccl) {
      return {false, fmt::format("{} has NCCL {}, and {} has {}: install the same version on all hosts",
                                 name_of(by_rank, 0), nccl_version_text(by_rank[0].nccl),
                                 name_of(by_rank, rank), nccl_version_text(facts.nccl))};
    }
    const auto [user, alone] = users.try_emplace({facts.host, facts.gpu}, rank);
    if (alone) continue;
    shared = fmt::format("ranks {} and {} share GPU {} of {}", user->second, rank, facts.gpu, facts.host);
    if (facts.nccl < nccl::first_that_shares_gpus) {
      return {false, fmt::format("{}, and NCCL {} needs a GPU for each rank: start a rank for each GPU, or "
                                 "install NCCL {}",
                                 shared, nccl_version_text(facts.nccl),
                                 nccl_version_text(nccl::first_that_shares_gpus))};
    }
    if (!facts.shares || !by_rank[user->second].shares) {
      return {false, shared + ": start a rank for each GPU, or set NCCL_MULTI_RANK_GPU_ENABLE=1"};
    }
  }
  return {true, fmt::format("NCCL {}{}", nccl_version_text(by_rank[0].nccl),
                            shared.empty() ? ", a GPU for each rank" : ", " + shared)};
}

NcclGround find_nccl(Communicator& comm, const GpuLibraries& libraries) {
  NcclGround ground;
  const auto mine = look(libraries, gather_hosts(comm).number_on_host(comm.rank()), ground);
  ground.choice = choose_exchange(gather_facts(comm, mine));
  return ground;
}

std::unique_ptr<VectorExchange> open_vector_exchange(Communicator& comm, const ExchangeOptions& options,
                                                     const Log& log) {
  const auto over_mpi = [&](const std::string& reason) {
    if (comm.rank() == 0 && comm.size() > 1)
      log(Level::info, fmt::format("vectors travel over MPI: {}", reason));
    return std::make_unique<OverMpi>(comm);
  };
  if (options.wish == "mpi") return over_mpi("device.exchange = \"mpi\"");
  if (options.wish == "auto" && !options.made_on_gpus) return over_mpi("they are made in host memory");
  const auto ground = find_nccl(comm, options.libraries);
  const auto& choice = ground.choice;
  const bool forced = options.wish == "nccl";
  if (!choice.nccl && forced) {
    agree(comm, [&] {
      throw Error(ExitCode::device,
                  "device.exchange = \"nccl\" cannot be; write \"auto\" to do without. " + choice.reason);
    });
  }
  if (!choice.nccl) return over_mpi(choice.reason);
  try {
    auto exchange = start_nccl(comm, ground, options);
    if (comm.rank() == 0) log(Level::info, "vectors travel over " + choice.reason);
    return exchange;
  } catch (const Error& error) {
    if (forced || !error.on_all_ranks) throw;
    return over_mpi(error.what());
  }
}

}  // namespace dream::comm

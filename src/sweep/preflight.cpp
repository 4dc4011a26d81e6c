#include "sweep/preflight.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <thread>

#include "base/access.hpp"
#include "base/file.hpp"
#include "calls/endpoint.hpp"
#include "comm/agree.hpp"
#include "device/backend.hpp"
#include "storage/url.hpp"
#include "sweep/call_session.hpp"

namespace fs = std::filesystem;

namespace dream::sweep {
namespace {

/// A file of a source as rank 0 sees it: another rank that does not find it there sees another folder.
struct Witness {
  std::string path;
  std::int64_t bytes = 0;
};

/// What rank 0 tells the others before they look.
struct Told {
  std::string nonce;  ///< empty when rank 0 could not write it
  std::vector<Witness> witnesses;
};

fs::path scratch_of(const config::Config& config) { return fs::path(config.sweep.state) / "tmp"; }

std::string nonce_file(const std::string& nonce) { return nonce + "-preflight"; }

Fault fault_of(ExitCode code, std::string_view key, std::string_view value, const Obstacle& obstacle) {
  return {code, fmt::format("{} = \"{}\": {}; {}", key, value, obstacle.finding, obstacle.remedy)};
}

/// The models that this sweep uses, by the config's names.
std::set<std::string> models_in_use(const config::Config& config) {
  std::set<std::string> names(config.space.embedders.begin(), config.space.embedders.end());
  names.insert(config.space.rerankers.begin(), config.space.rerankers.end());
  names.insert(config.space.llms.begin(), config.space.llms.end());
  names.insert({config.judge.llm, config.judge.embedder, config.chunking.tokenizer});
  std::erase_if(names, [&](const auto& name) { return !config.models.contains(name); });
  return names;
}

class Inspector {
 public:
  Inspector(const config::Config& config, const PreflightOptions& options, const Pulse& pulse)
      : config_(config), options_(options), pulse_(pulse) {}

  /// Whether the state folder is there to be looked at; without makes_state one that a run has not made yet
  /// is not.
  [[nodiscard]] bool has_state() const {
    std::error_code ignored;
    return options_.makes_state || fs::exists(scratch_of(config_), ignored);
  }

  /// Rank 0: makes the state folder and writes the nonce. Returns whether it stands.
  bool write_nonce() {
    if (!has_state()) {
      const auto above = nearest_existing(config_.sweep.state);
      add_to_state(obstacle_to_reading(above));
      return false;
    }
    const auto obstacle =
        obstacle_to_writing(scratch_of(config_), nonce_file(options_.nonce), options_.nonce);
    if (!obstacle) return true;
    add_to_state(obstacle);
    return false;
  }

  /// That this rank writes in the folder where rank 0 wrote `nonce`.
  void look_for_nonce(const std::string& nonce, int rank) {
    const auto file = scratch_of(config_) / nonce_file(nonce);
    const auto end = std::chrono::steady_clock::now() + options_.patience;
    while (true) {
      // Opening the folder makes an NFS client ask the server what is in it now.
      auto obstacle = obstacle_to_reading(scratch_of(config_));
      if (!obstacle) obstacle = obstacle_to_reading(file);
      if (!obstacle) break;
      if (obstacle->error != ENOENT) return add_to_state(obstacle);
      if (std::chrono::steady_clock::now() >= end) return add_not_shared();
      pulse_();
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    const auto own = fmt::format("{}-{}", nonce_file(nonce), rank);
    const auto obstacle = obstacle_to_writing(scratch_of(config_), own, nonce);
    std::error_code ignored;
    fs::remove(scratch_of(config_) / own, ignored);
    add_to_state(obstacle);
  }

  /// Sources, models, and what else every rank reads.
  void read_inputs(bool reads_golden) {
    for (const auto& source : config_.corpus.sources) {
      if (!storage::is_url(source)) add_unreadable("corpus.sources", source);
    }
    if (reads_golden && !storage::is_url(config_.golden.file))
      add_unreadable("golden.file", config_.golden.file);
    for (const auto& name : models_in_use(config_)) read_model(config_.model(name));
  }

  void compare(const std::vector<Witness>& witnesses) {
    for (const auto& [path, bytes] : witnesses) {
      std::error_code error;
      const auto found = fs::file_size(path, error);
      if (!error && static_cast<std::int64_t>(found) == bytes) continue;
      add({ExitCode::input,
           fmt::format("corpus.sources: {} is {} here and has {} bytes on rank 0: the hosts do not see the "
                       "same folder; mount one that all of them share",
                       path, error ? error.message() : fmt::format("{} bytes", found), bytes)});
    }
  }

  /// Asks every endpoint, for `ranks` ranks of this host.
  void ask_endpoints(int ranks, bool several_hosts) {
    for (const auto& [name, paths] : remote_models(config_, options_.until)) {
      const auto endpoint = calls::endpoint_of(config_.model(name));
      net::Redactor redact;
      redact.add(config_.model(name).api_key.value);
      try {
        for (const auto& path : paths) (void)calls::check_endpoint(endpoint, path, redact, pulse_);
      } catch (const EndpointError& e) {
        const bool local = several_hosts && calls::is_this_host(endpoint.base_url);
        add({e.code,
             fmt::format(
                 "models.{}: {}{}", name, e.what(),
                 local ? "; this address is each host itself: name the host where the server runs" : "")},
            ranks);
      }
    }
  }

  /// `ranks`: how many it is about.
  void add_refusal(const std::optional<device::Refusal>& refusal, int ranks = 1) {
    if (refusal) add({refusal->code, refusal->text}, ranks);
  }

  [[nodiscard]] const std::vector<Findings::Entry>& entries() const { return entries_; }

 private:
  void add(Fault fault, int ranks = 1) { entries_.push_back({std::move(fault), ranks}); }

  void add_obstacle(ExitCode code, std::string_view key, std::string_view value,
                    const std::optional<Obstacle>& obstacle) {
    if (obstacle) add(fault_of(code, key, value, *obstacle));
  }
  void add_to_state(const std::optional<Obstacle>& obstacle) {
    add_obstacle(ExitCode::state, "sweep.state", config_.sweep.state, obstacle);
  }
  void add_unreadable(std::string_view key, const std::string& path) {
    add_obstacle(ExitCode::input, key, path, obstacle_to_reading(path));
  }

  void add_not_shared() {
    add({ExitCode::state,
         fmt::format(
             "sweep.state = \"{}\": what rank 0 wrote there is not here: the hosts do not see the same "
             "folder; choose one on a file system that all of them mount (NFS, Lustre, a ReadWriteMany "
             "volume)",
             config_.sweep.state)});
  }

  void read_model(const config::Model& model) {
    for (const auto* parameter : {"path", "ca_file"}) {
      if (!model.params.has(parameter)) continue;
      const auto& path = model.params.get<std::string>(parameter);
      if (path.empty()) continue;
      const bool folder = std::string_view(parameter) == "path";
      const auto key =
          fmt::format("models.{}.{}{}", model.name, parameter, folder ? " (a Hugging Face model)" : "");
      auto obstacle = obstacle_to_reading(path);
      std::error_code ignored;
      for (fs::directory_iterator file(path, ignored), end; !obstacle && file != end; file.increment(ignored))
        obstacle = obstacle_to_reading(file->path());
      add_obstacle(ExitCode::input, key, path, obstacle);
    }
  }

  const config::Config& config_;
  const PreflightOptions& options_;
  const Pulse& pulse_;
  std::vector<Findings::Entry> entries_;
};

/// A file directly in each source that is a folder, where there is one among its first entries.
std::vector<Witness> choose_witnesses(const config::Config& config) {
  constexpr int most = 64;
  std::vector<Witness> witnesses;
  for (const auto& source : config.corpus.sources) {
    std::error_code error;
    int seen = 0;
    for (fs::directory_iterator file(source, error), end; !error && file != end && seen < most;
         file.increment(error), ++seen) {
      if (!file->is_regular_file(error) || error) continue;
      witnesses.push_back({file->path().string(), static_cast<std::int64_t>(file->file_size(error))});
      break;
    }
  }
  return witnesses;
}

Told tell(comm::Communicator& comm, Told told) {
  Packer packer;
  packer.put(told.nonce).put(std::ssize(told.witnesses));
  for (const auto& [path, bytes] : told.witnesses) packer.put(path).put(bytes);
  auto message = packer.take();
  comm.broadcast(message, 0);
  Unpacker reader(message);
  Told heard;
  heard.nonce = reader.get<std::string>();
  for (auto left = reader.get<std::ptrdiff_t>(); left > 0; --left) {
    auto path = reader.get<std::string>();
    heard.witnesses.push_back({std::move(path), reader.get<std::int64_t>()});
  }
  return heard;
}

/// A GPU as ranks tell each other of it; empty where a rank has none.
struct GpuName {
  std::array<char, 64> name{};
  std::array<char, 40> uuid{};
};

/// device.backend = "cuda": every rank must have a GPU that this build can use, and none too many of them the
/// same one. Collective.
void look_for_gpus(comm::Communicator& comm, const config::Device& wanted, const comm::Hosts& hosts,
                   Inspector& inspector) {
  std::optional<device::Refusal> refusal;
  GpuName mine;
  comm::agree(comm, [&] {
    refusal = device::refusal_of_build();
    if (refusal) return;
    const auto gpus = device::find_gpus();
    refusal = device::refusal_of_gpus(gpus);
    if (refusal) return;
    const auto& gpu = device::gpu_of(gpus, hosts.number_on_host(comm.rank()));
    gpu.name.copy(mine.name.data(), mine.name.size() - 1);
    gpu.uuid.copy(mine.uuid.data(), mine.uuid.size() - 1);
  });
  inspector.add_refusal(refusal ? refusal : device::refusal_of_version());
  std::vector<device::Seat> seats;
  for (const auto& [name, uuid] : comm.all_gather(mine))
    seats.push_back({hosts[static_cast<int>(seats.size())], name.data(), uuid.data()});
  if (comm.rank() == 0)
    inspector.add_refusal(device::refusal_of_seats(seats, static_cast<int>(wanted.ranks_per_gpu)),
                          comm.size());
}

/// All ranks' findings, on rank 0.
std::vector<Findings> gather_findings(comm::Communicator& comm, const comm::Hosts& hosts,
                                      const std::vector<Findings::Entry>& entries) {
  Packer packer;
  for (const auto& [fault, ranks] : entries)
    packer.put(static_cast<std::int64_t>(fault.code)).put(fault.text).put(ranks);
  const auto message = packer.take();
  const auto gathered = comm.gather_v(std::span<const char>(message), 0);
  std::vector<Findings> all;
  for (int rank = 0; rank < comm.size(); ++rank) {
    const auto from = gathered.from(rank);
    Findings& findings = all.emplace_back(Findings{rank, hosts[rank], {}});
    for (Unpacker reader(std::string_view(from.data(), from.size())); !reader.done();) {
      const auto code = static_cast<ExitCode>(reader.get<std::int64_t>());
      auto text = reader.get<std::string>();
      findings.entries.push_back({{code, std::move(text)}, reader.get<int>()});
    }
  }
  return all;
}

/// "on 14 of 16 ranks, first: rank 2 on east"; with one rank there is nothing to say.
std::string where(const Findings& first, int on, int ranks) {
  if (ranks == 1) return "";
  if (on == ranks) return fmt::format(" (on all {} ranks)", ranks);
  return fmt::format(" (on {} of {} ranks, first: rank {} on {})", on, ranks, first.rank, first.host);
}

std::vector<std::string> notes_on_endpoints(const config::Config& config, const PreflightOptions& options) {
  std::vector<std::string> notes;
  for (const auto& [name, paths] : remote_models(config, options.until)) {
    const auto url = calls::endpoint_of(config.model(name)).base_url;
    if (!calls::is_this_host(url)) continue;
    notes.push_back(
        fmt::format("models.{}.base_url = \"{}\": there are several hosts, and each asks a server of its own",
                    name, url));
  }
  return notes;
}

}  // namespace

std::optional<PreflightError> merge_findings(const std::vector<Findings>& all, int ranks) {
  struct Merged {
    const Findings* first;
    int ranks = 0;
  };
  std::vector<Fault> order;
  std::vector<Merged> merged;
  for (const auto& findings : all) {
    for (const auto& [fault, speaks_for] : findings.entries) {
      auto at = std::ranges::find(order, fault) - order.begin();
      if (at == std::ssize(order)) {
        order.push_back(fault);
        merged.push_back({&findings, 0});
      }
      merged[static_cast<std::size_t>(at)].ranks += speaks_for;
    }
  }
  if (order.empty()) return std::nullopt;
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < order.size(); ++i)
    lines.push_back(order[i].text + where(*merged[i].first, merged[i].ranks, ranks));
  const auto code = order.front().code;
  return PreflightError(code, fmt::format("not ready to run:\n  {}", fmt::join(lines, "\n  ")),
                        std::move(order));
}

std::vector<std::string> preflight(comm::Communicator& comm, const comm::Hosts& hosts,
                                   const config::Config& config, const PreflightOptions& options,
                                   const Pulse& pulse) {
  Inspector inspector(config, options, pulse);
  Told told;
  comm::agree(comm, [&] {
    if (comm.rank() != 0) return;
    if (inspector.write_nonce()) told.nonce = options.nonce;
    told.witnesses = choose_witnesses(config);
  });
  told = tell(comm, std::move(told));
  if (config.device.backend == "cuda") look_for_gpus(comm, config.device, hosts, inspector);
  comm::agree(comm, [&] {
    if (!told.nonce.empty()) inspector.look_for_nonce(told.nonce, comm.rank());
    inspector.read_inputs(comm.rank() == 0 && options.reads_golden);
    inspector.compare(told.witnesses);
    if (hosts.leads(comm.rank()))
      inspector.ask_endpoints(hosts.ranks_on(hosts[comm.rank()]), hosts.several());
  });
  const auto all = gather_findings(comm, hosts, inspector.entries());
  comm::agree(comm, [&] {
    if (comm.rank() != 0) return;
    std::error_code ignored;
    if (!told.nonce.empty()) fs::remove(scratch_of(config) / nonce_file(told.nonce), ignored);
    if (const auto error = merge_findings(all, comm.size())) throw *error;
  });
  return hosts.several() ? notes_on_endpoints(config, options) : std::vector<std::string>();
}

}  // namespace dream::sweep

#include "tracking/sender.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "base/errors.hpp"
#include "base/file.hpp"
#include "storage/put.hpp"
#include "storage/service.hpp"

namespace dream::tracking {
namespace {

using Clock = std::chrono::steady_clock;
using mlflow::Meaning;
using std::chrono::milliseconds;

constexpr milliseconds shortest_pause{500}, longest_pause{30'000};
constexpr const char* table_file = "questions.json";

}  // namespace

class Sender::Impl {
 public:
  Impl(Spool& spool, Settings settings, Pulse stop)
      : spool_(spool), settings_(std::move(settings)), stop_(std::move(stop)) {
    add_secrets(settings_.environment, redact_);
  }

  void step(milliseconds bound) {
    take_new();
    send();
    if (in_flight() == 0) {
      std::this_thread::sleep_for(std::min(bound, milliseconds(100)));
      return;
    }
    for (const auto& result : http_.poll(bound)) take(result);
  }

  [[nodiscard]] Standing standing() const {
    Standing now{spool_.size(), spool_.sent(), refused_.size(), closed_, problem_, {}};
    if (const auto own = spool_.address(spool_.header().sweep); own && !experiment_.empty())
      now.page = fmt::format("{}/#/experiments/{}/runs/{}", settings_.uri, experiment_, own->id);
    return now;
  }

 private:
  /// What a request in flight is for.
  enum class Purpose { find_experiment, create_experiment, list_runs, look_for_run, create_run, entry };
  struct Job {
    Purpose purpose = Purpose::entry;
    std::size_t entry = 0;
    std::vector<net::HttpRequest> requests;  ///< one after the other
    std::size_t next = 0;
  };
  /// Entries that wait for nothing but their turn: files and tables after the others.
  using Turn = std::pair<bool, std::size_t>;

  void take_new() {
    for (const auto end = spool_.size(); known_ < end; ++known_) {
      if (spool_.is_sent(known_)) continue;
      auto& queue = queues_[spool_.run_of(known_)];
      queue.push_back(known_);
      if (queue.size() == 1) ready_.insert(turn(known_));
    }
  }

  [[nodiscard]] std::int64_t in_flight() const { return http_.in_flight(); }

  [[nodiscard]] Turn turn(std::size_t entry) const { return {spool_.may_wait(entry), entry}; }

  void send() {
    if (Clock::now() < pause_end_) return;
    if (!listed_) {
      if (in_flight() == 0) open();
      return;
    }
    while (in_flight() < settings_.in_flight && !ready_.empty() && Clock::now() >= pause_end_) {
      const auto entry = ready_.begin()->second;
      ready_.erase(ready_.begin());
      start(entry);
    }
  }

  /// The experiment, then the runs that are there already.
  void open() {
    if (experiment_.empty())
      submit({Purpose::find_experiment, 0, {mlflow::find_experiment(settings_)}});
    else
      submit(
          {Purpose::list_runs,
           0,
           {mlflow::search_runs(settings_, experiment_, mlflow::sweep_tag, spool_.header().sweep, page_)}});
  }

  void start(std::size_t number) {
    try {
      auto entry = spool_.read(number);
      if (const auto* run = std::get_if<NewRun>(&entry.what)) return start_run(number, entry, *run);
      const auto address = spool_.address(entry.run);
      if (!address) return refuse(number, "the run " + entry.run + " was never made");
      Job job{Purpose::entry, number, {}};
      prepare(entry, *address, job.requests);
      if (job.requests.empty())
        finish(number);
      else
        submit(std::move(job));
    } catch (const Stopped&) {
      ready_.insert(turn(number));
      throw;
    } catch (const EndpointError& e) {  // of the store of artifacts, which may come back
      postpone({Purpose::entry, number, {}}, {Meaning::again, "", e.what()}, {});
    } catch (const Error& e) {  // a file that is gone
      refuse(number, e.what());
    }
  }

  void start_run(std::size_t number, const Entry& entry, const NewRun& run) {
    if (spool_.address(entry.run)) return finish(number);
    std::string parent;
    if (!run.parent.empty()) {
      const auto above = spool_.address(run.parent);
      if (!above && never_made_.contains(run.parent))
        return refuse(number, "the run " + run.parent + " above it was never made");
      if (!above) {
        orphans_.push_back(number);
        return;
      }
      parent = above->id;
    }
    if (uncertain_.contains(entry.run)) {
      submit({Purpose::look_for_run,
              number,
              {mlflow::search_runs(settings_, experiment_, mlflow::run_tag, entry.run)}});
    } else {
      submit({Purpose::create_run,
              number,
              {mlflow::create_run(settings_, experiment_, entry.run, run, parent)}});
    }
  }

  /// The requests of an entry about a run that is there.
  void prepare(const Entry& entry, const RunAddress& run, std::vector<net::HttpRequest>& requests) {
    if (const auto* values = std::get_if<Values>(&entry.what)) {
      requests = mlflow::log_values(settings_, run.id, *values);
    } else if (const auto* status = std::get_if<NewStatus>(&entry.what)) {
      requests = {mlflow::set_status(settings_, run.id, *status)};
    } else if (const auto* data = std::get_if<Dataset>(&entry.what)) {
      requests = {mlflow::log_dataset(settings_, run.id, *data)};
    } else if (const auto* file = std::get_if<File>(&entry.what)) {
      const std::filesystem::path path(file->file);
      const auto name = (file->folder.empty() ? "" : file->folder + "/") + path.filename().string();
      put(run, name, read_file(path.is_absolute() ? path : spool_.output() / path), requests);
    } else if (const auto* table = std::get_if<Table>(&entry.what)) {
      if (!tables_ || tables_digest_ != table->digest) {
        tables_.emplace(spool_.output() / "questions.csv");
        tables_digest_ = table->digest;
      }
      put(run, table_file, tables_->json_of(table->trial), requests);
      requests.push_back(mlflow::mark_table(settings_, run.id, table_file));
    }
  }

  void put(const RunAddress& run, const std::string& name, std::string bytes,
           std::vector<net::HttpRequest>& requests) {
    if (run.artifacts.starts_with("mlflow-artifacts:")) {
      requests.push_back(mlflow::put_artifact(settings_, run.artifacts, name, std::move(bytes)));
    } else if (storage::is_url(run.artifacts)) {
      if (!s3_) {
        const auto resolved = storage::resolved(settings_.s3);
        s3_.emplace(resolved, storage::find_credentials(resolved, stop_));
      }
      storage::put_bytes(*s3_, storage::parse_url(run.artifacts).below(name), std::move(bytes), stop_);
    } else {
      throw ConfigError(
          fmt::format("MLflow at {} keeps artifacts at {}, which only its own machine reaches; start it with "
                      "--serve-artifacts (and --artifacts-destination), or set tracking.artifacts = false",
                      settings_.uri, run.artifacts));
    }
  }

  void submit(Job job) {
    const auto tag = next_tag_++;
    auto request = job.requests[job.next];
    // The server may have made a run whose reply was lost, so that request must not go out again by itself.
    request.fresh = job.purpose == Purpose::create_run;
    jobs_.emplace(tag, std::move(job));
    http_.submit(std::move(request), tag);
  }

  void take(const net::HttpResult& result) {
    auto node = jobs_.extract(result.tag);
    DREAM_CHECK(!node.empty(), "a reply that nobody waits for");
    Job job = std::move(node.mapped());
    auto verdict = mlflow::judge(settings_, result);
    if (verdict.meaning == Meaning::done || verdict.meaning == Meaning::refused) {
      failures_ = 0;
      closed_ = false;
    }
    if (verdict.meaning == Meaning::again || verdict.meaning == Meaning::closed)
      return postpone(job, verdict, result.retry_after);
    if (job.purpose == Purpose::entry || job.purpose == Purpose::create_run ||
        job.purpose == Purpose::look_for_run)
      take_entry(std::move(job), verdict, result);
    else
      take_opening(job, verdict, result);
  }

  void postpone(const Job& job, const mlflow::Verdict& verdict, std::optional<milliseconds> asked) {
    problem_ = redact_(verdict.text);
    closed_ = verdict.meaning == Meaning::closed;
    if (job.purpose == Purpose::create_run && verdict.code != "refused" && verdict.code != "dns" && !closed_)
      uncertain_.insert(spool_.run_of(job.entry));
    if (job.purpose == Purpose::entry || job.purpose == Purpose::create_run ||
        job.purpose == Purpose::look_for_run)
      ready_.insert(turn(job.entry));
    if (Clock::now() < pause_end_) return;  // others that were in flight have failed as well
    auto pause = std::min(longest_pause, shortest_pause * (1 << std::min(failures_++, 6)));
    if (closed_) pause = longest_pause;
    pause_end_ = Clock::now() + std::max(pause, std::min(asked.value_or(milliseconds(0)), longest_pause));
  }

  void take_opening(const Job& job, const mlflow::Verdict& verdict, const net::HttpResult& result) {
    if (job.purpose == Purpose::list_runs) return take_list(job, verdict, result);
    if (verdict.code == "RESOURCE_DOES_NOT_EXIST" && job.purpose == Purpose::find_experiment)
      return submit({Purpose::create_experiment, 0, {mlflow::create_experiment(settings_)}});
    if (verdict.code == "RESOURCE_ALREADY_EXISTS") return;  // another process was faster: it is found now
    const auto found = mlflow::experiment_of(result);
    if (verdict.meaning == Meaning::done && found && !found->deleted) {
      experiment_ = found->id;
      return;
    }
    auto text = found && found->deleted
                    ? fmt::format(
                          "the experiment \"{}\" at {} is deleted; restore it there, or choose another "
                          "tracking.experiment",
                          settings_.experiment, settings_.uri)
                : verdict.text.empty() ? fmt::format("{} does not answer as MLflow does", settings_.uri)
                                       : verdict.text;
    postpone(job, {Meaning::closed, "", std::move(text)}, {});
  }

  void take_list(const Job& job, const mlflow::Verdict& verdict, const net::HttpResult& result) {
    const auto found = mlflow::found_in(result);
    if (verdict.meaning != Meaning::done || !found) {
      auto text = verdict.text.empty() ? fmt::format("{} does not answer as MLflow does", settings_.uri)
                                       : verdict.text;
      return postpone(job, {Meaning::closed, "", std::move(text)}, {});
    }
    for (const auto& [key, address] : found->runs) {
      if (!spool_.address(key)) spool_.set_address(key, address);
    }
    page_ = found->next_page;
    listed_ = page_.empty();
  }

  void take_entry(Job job, const mlflow::Verdict& verdict, const net::HttpResult& result) {
    if (verdict.meaning == Meaning::refused) return refuse(job.entry, verdict.text);
    if (job.purpose == Purpose::look_for_run) {
      const auto run = spool_.run_of(job.entry);
      uncertain_.erase(run);
      if (const auto found = mlflow::found_in(result); found && !found->runs.empty())
        return know(job.entry, found->runs.front().second);
      ready_.insert(turn(job.entry));
      return;
    }
    if (job.purpose == Purpose::create_run) {
      const auto address = mlflow::run_of(result);
      if (!address) return refuse(job.entry, settings_.uri + " does not say which run it made");
      return know(job.entry, *address);
    }
    if (++job.next < job.requests.size()) return submit(std::move(job));
    finish(job.entry);
  }

  void know(std::size_t entry, const RunAddress& address) {
    spool_.set_address(spool_.run_of(entry), address);
    finish(entry);
    for (const auto orphan : std::exchange(orphans_, {})) ready_.insert(turn(orphan));
  }

  void finish(std::size_t entry) {
    spool_.mark_sent(entry);
    if (refused_.empty() && failures_ == 0) problem_.clear();
    advance(entry);
  }

  void refuse(std::size_t entry, const std::string& why) {
    refused_.insert(entry);
    if (const auto run = spool_.run_of(entry); !spool_.address(run)) {
      never_made_.insert(run);
      for (const auto orphan : std::exchange(orphans_, {})) ready_.insert(turn(orphan));
    }
    problem_ = redact_(why);
    advance(entry);
  }

  /// The run's next entry has its turn.
  void advance(std::size_t entry) {
    auto& queue = queues_[spool_.run_of(entry)];
    queue.pop_front();
    if (!queue.empty()) ready_.insert(turn(queue.front()));
  }

  Spool& spool_;
  Settings settings_;
  Pulse stop_;
  net::Redactor redact_;
  net::HttpClient http_;
  std::optional<storage::Service> s3_;
  std::optional<Tables> tables_;
  std::string tables_digest_;

  std::string experiment_;
  bool listed_ = false;  ///< the runs that were there are known
  std::string page_;     ///< of that list, to be asked for next

  std::size_t known_ = 0;  ///< entries of the spool that were looked at
  std::unordered_map<std::string, std::deque<std::size_t>> queues_;  ///< of each run; the first has its turn
  std::set<Turn> ready_;
  std::vector<std::size_t> orphans_;  ///< runs whose parent is not there yet
  std::set<std::string> uncertain_;   ///< runs that may have been made though no reply said so
  std::set<std::string> never_made_;  ///< runs that the server refused
  std::set<std::size_t> refused_;
  std::unordered_map<std::uint64_t, Job> jobs_;
  std::uint64_t next_tag_ = 0;

  int failures_ = 0;  ///< one after the other
  Clock::time_point pause_end_{};
  bool closed_ = false;
  std::string problem_;
};

Sender::Sender(Spool& spool, Settings settings, Pulse stop)
    : impl_(std::make_unique<Impl>(spool, std::move(settings), std::move(stop))) {}
Sender::~Sender() = default;
Sender::Sender(Sender&&) noexcept = default;
void Sender::step(milliseconds bound) { impl_->step(bound); }
Standing Sender::standing() const { return impl_->standing(); }

}  // namespace dream::tracking

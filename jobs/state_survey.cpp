#include "jobs/state_survey.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/errors.hpp"
#include "base/file.hpp"
#include "calls/journal.hpp"
#include "calls/ledger.hpp"
#include "calls/segment.hpp"
#include "parts/stage_of.hpp"
#include "state/h5.hpp"

namespace fs = std::filesystem;

namespace dream::jobs {
namespace {

bool is_key(const std::string& stem) {
  return stem.size() == 32 && stem.find_first_not_of("0123456789abcdef") == std::string::npos;
}

/// Files below a folder, sorted. A live sweep moves some away meanwhile: what is gone is not listed.
std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->is_regular_file(error)) files.push_back(at->path());
    error.clear();
  }
  std::ranges::sort(files);
  return files;
}

class Surveyor {
 public:
  Surveyor(const fs::path& folder, const SurveyOptions& options, const Pulse& pulse)
      : folder_(folder), options_(options), pulse_(pulse) {}

  Survey look() {
    look_at_format();
    look_at_parts();
    for (const auto& file : files_below(folder_ / "tmp")) {
      survey_.leftovers.push_back(file);
      survey_.leftover.add(file);
    }
    look_at_calls();
    survey_.claims = state::claims_on(folder_);
    look_at_budgets();
    look_for_strangers();
    return std::move(survey_);
  }

 private:
  void look_at_format() {
    const auto stamp = folder_ / "FORMAT";
    if (!fs::exists(stamp)) {
      throw StateError(
          folder_.string(), "",
          "no state folder of dream_sweep: it has no file FORMAT; name what a config calls sweep.state");
    }
    survey_.format = read_file(stamp);
    survey_.format.erase(survey_.format.find_last_not_of('\n') + 1);
  }

  void look_at_parts() {
    std::vector<fs::path> beside;
    for (const auto& file : files_below(folder_ / "parts")) {
      pulse_();
      const auto stem = file.stem().string();
      const bool known = is_key(stem) && file.parent_path().filename() == stem.substr(0, 2);
      if (known && file.extension() == ".h5")
        look_at_part(file, parse_digest(stem));
      else if (known && file.extension() == ".faiss")
        beside.push_back(file);
      else
        survey_.unknown.push_back(fs::relative(file, folder_).string());
    }
    for (const auto& file : beside) {
      survey_.indexes.add(file);
      auto part = file;
      if (!fs::exists(part.replace_extension(".h5"))) survey_.alone.push_back(file);
    }
  }

  void look_at_part(const fs::path& file, const Digest& key) {
    try {
      if (options_.verify) state::verify(file);
      const state::H5Reader part(file);
      const std::string stage(parts::stage_of(part));
      survey_.parts[stage].add(file);
      survey_.stage_of[key] = stage;
      if (stage == "index") check_index(file, part);
    } catch (const Error& e) {
      if (!fs::exists(file)) return;
      survey_.parts["damaged"].add(file);
      survey_.damaged.push_back({fs::relative(file, folder_).string(), e.what()});
    }
  }

  /// The file beside an index part: its digest stands in the part.
  void check_index(fs::path file, const state::H5Reader& part) {
    file.replace_extension(".faiss");
    std::string found = "absent";
    if (fs::exists(file)) {
      if (!options_.verify) return;
      found = digest_of(read_file(file)).hex();
    }
    if (found == part.text_attribute("faiss_digest")) return;
    survey_.damaged.push_back(
        {fs::relative(file, folder_).string(), "its digest is " + found + ", its part says " +
                                                   part.text_attribute("faiss_digest") +
                                                   "; remove it and its part, and both will be made again"});
  }

  void count(const calls::CallRecord& record) {
    auto& model = survey_.calls[record.model];
    ++model.calls;
    model.bytes += std::ssize(record.body);
    const auto body = nlohmann::json::parse(record.body, nullptr, false);
    if (!body.is_object() || !body.contains("usage") || !body["usage"].is_object()) return;
    const auto number = [&usage = body["usage"]](const char* name) {
      const auto at = usage.find(name);
      return at != usage.end() && at->is_number_integer() ? at->get<std::int64_t>() : 0;
    };
    model.input_tokens += number("prompt_tokens");
    model.output_tokens += number("completion_tokens");
  }

  void look_at_calls() {
    for (const auto& file : files_below(folder_ / "calls")) {
      pulse_();
      try {
        if (file.extension() == ".seg")
          look_at_segment(file);
        else if (file.extension() == ".journal")
          look_at_journal(file);
        else if (file.extension() != ".places")  // of a job at work, or to be removed by the next one
          survey_.unknown.push_back(fs::relative(file, folder_).string());
      } catch (const Error& e) {
        if (fs::exists(file)) survey_.damaged.push_back({fs::relative(file, folder_).string(), e.what()});
      }
    }
  }

  void look_at_segment(const fs::path& file) {
    survey_.segments.add(file);
    const calls::Segment segment(file);
    if (!options_.calls && !options_.verify) return;
    for (const auto& place : segment.entries()) {
      pulse_();
      count(segment.read(place));
    }
  }

  void look_at_journal(const fs::path& file) {
    survey_.journals.add(file);
    survey_.torn_bytes += calls::read_journal(file, [this](const calls::CallRecord& record) {
      ++survey_.journal_calls;
      count(record);
    });
  }

  void look_at_budgets() {
    std::error_code error;
    for (fs::directory_iterator at(folder_ / "budgets", error), end; !error && at != end;
         at.increment(error)) {
      const auto spent = calls::read_ledgers(at->path());
      survey_.spent.push_back(
          {at->path().filename().string(), spent.cost.usd, spent.cost.tokens, spent.seconds / 3600});
    }
    std::ranges::sort(survey_.spent, {}, &SpentOn::folder);
  }

  void look_for_strangers() {
    static const std::set<std::string> known{"FORMAT",       "parts",   "tmp",     "active",
                                             "calls",        "budgets", "objects", "outputs",
                                             "capabilities", "probes",  "starts"};
    for (const auto& entry : fs::directory_iterator(folder_)) {
      auto name = entry.path().filename().string();
      if (!known.contains(name)) survey_.unknown.push_back(std::move(name));
    }
    std::ranges::sort(survey_.unknown);
  }

  const fs::path& folder_;
  const SurveyOptions& options_;
  const Pulse& pulse_;
  Survey survey_;
};

}  // namespace

void Bulk::add(const fs::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return;  // a live sweep has moved it away
  ++files;
  bytes += info.st_size;
  newest = std::max(newest, info.st_mtime);
  oldest = files == 1 ? info.st_mtime : std::min(oldest, info.st_mtime);
}

Survey survey_state(const fs::path& folder, const SurveyOptions& options, const Pulse& pulse) {
  return Surveyor(folder, options, pulse).look();
}

}  // namespace dream::jobs

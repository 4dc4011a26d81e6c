#include "tracking/entry.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/errors.hpp"

namespace dream::tracking {
namespace {

using json = nlohmann::ordered_json;

constexpr const char* kinds[] = {"run", "values", "status", "dataset", "file", "table"};

json pairs(const Named& named) {
  json list = json::array();
  for (const auto& [name, value] : named) list.push_back({name, value});
  return list;
}

Named named(const json& list) {
  Named result;
  for (const auto& pair : list) result.emplace_back(pair.at(0), pair.at(1));
  return result;
}

struct Writer {
  json& out;
  void operator()(const NewRun& run) const {
    out["parent"] = run.parent;
    out["name"] = run.name;
    out["tags"] = pairs(run.tags);
    out["time"] = run.start_ms;
  }
  void operator()(const Values& values) const {
    out["params"] = pairs(values.params);
    json metrics = json::array();
    for (const auto& [name, value] : values.metrics) {
      if (std::isfinite(value)) metrics.push_back({name, value});
    }
    out["metrics"] = std::move(metrics);
    out["tags"] = pairs(values.tags);
    out["step"] = values.step;
    out["time"] = values.time_ms;
  }
  void operator()(const NewStatus& status) const {
    out["status"] = static_cast<int>(status.status);
    out["time"] = status.time_ms;
  }
  void operator()(const Dataset& data) const {
    out["name"] = data.name;
    out["digest"] = data.digest;
    out["source"] = data.source;
    out["context"] = data.context;
    out["rows"] = data.rows;
  }
  void operator()(const File& file) const {
    out["file"] = file.file;
    out["folder"] = file.folder;
    out["digest"] = file.digest;
  }
  void operator()(const Table& table) const {
    out["trial"] = table.trial;
    out["digest"] = table.digest;
  }
};

json to_json(const Entry& entry) {
  json out{{"entry", kinds[entry.what.index()]}, {"run", entry.run}, {"slot", entry.slot}};
  std::visit(Writer{out}, entry.what);
  return out;
}

std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

Entry from_json(const json& in) {
  Entry entry{in.at("run"), in.at("slot"), {}};
  const auto kind = in.at("entry").get<std::string>();
  if (kind == "run") {
    entry.what = NewRun{in.at("parent"), in.at("name"), in.at("time"), named(in.at("tags"))};
  } else if (kind == "values") {
    Values values{named(in.at("params")), {}, named(in.at("tags")), in.at("time"), in.at("step")};
    for (const auto& pair : in.at("metrics")) values.metrics.emplace_back(pair.at(0), pair.at(1));
    entry.what = std::move(values);
  } else if (kind == "status") {
    entry.what = NewStatus{static_cast<Status>(in.at("status").get<int>()), in.at("time")};
  } else if (kind == "dataset") {
    entry.what = Dataset{in.at("name"), in.at("digest"), in.at("source"), in.at("context"), in.at("rows")};
  } else if (kind == "file") {
    entry.what = File{in.at("file"), in.at("folder"), in.at("digest")};
  } else if (kind == "table") {
    entry.what = Table{in.at("trial"), in.at("digest")};
  } else {
    throw StateError("", "", "unknown entry \"" + kind + "\"");
  }
  return entry;
}

}  // namespace

std::string to_line(const Entry& entry) { return dump(to_json(entry)); }

Entry from_line(std::string_view line) {
  try {
    return from_json(json::parse(line));
  } catch (const nlohmann::json::exception& e) {
    throw StateError("", "", std::string("no entry for a tracking server: ") + e.what());
  }
}

std::string content_of(const Entry& entry) {
  auto value = to_json(entry);
  value.erase("time");
  return dump(value);
}

}  // namespace dream::tracking

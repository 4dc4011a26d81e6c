// Brings documents to S3: folders, files and web addresses, in parallel, what is there already left alone.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <map>
#include <memory>
#include <optional>

#include "base/file.hpp"
#include "comm/agree.hpp"
#include "comm/mpi.hpp"
#include "config/config.hpp"
#include "corpus/sources.hpp"
#include "dream_version.hpp"
#include "jobs/environment.hpp"
#include "jobs/guarded.hpp"
#include "jobs/ingest.hpp"
#include "jobs/parse_or_exit.hpp"
#include "jobs/s3.hpp"
#include "storage/ingest.hpp"
#include "storage/list.hpp"
#include "storage/put.hpp"
#include "storage/read.hpp"

namespace {

using namespace dream;
using jobs::Done;
using jobs::Item;
using jobs::Share;
using jobs::There;

struct CommandLine {
  std::vector<std::string> sources;  ///< the last one is where to
  std::vector<std::string> url_files;
  std::string env_file;
  config::S3 s3;
  bool version = false;
};

CommandLine parse_command_line(int argc, char** argv, bool prints) {
  CommandLine line;
  CLI::App app{
      "Puts documents on S3: what is there already is left alone, and a manifest says what came from where.",
      "dream_ingest"};
  app.add_option("sources", line.sources, "Folders and files, then s3://BUCKET/PREFIX")
      ->type_name("SOURCES... s3://BUCKET/PREFIX");
  app.add_option("--urls", line.url_files, "A file of web addresses, one a line; may be given several times")
      ->type_name("FILE")
      ->take_all()
      ->allow_extra_args(false);
  app.add_option("--endpoint", line.s3.endpoint, "As s3.endpoint in docs/config.md")->type_name("URL");
  app.add_option("--region", line.s3.region, "As s3.region")->type_name("NAME");
  app.add_option("--addressing", line.s3.addressing, "As s3.addressing")
      ->check(CLI::IsMember({"auto", "path", "virtual"}));
  app.add_option("--ca-file", line.s3.ca_file, "As s3.ca_file")->type_name("FILE");
  app.add_option("--profile", line.s3.profile, "As s3.profile")->type_name("NAME");
  app.add_option("--in-flight", line.s3.in_flight, "As s3.in_flight")->check(CLI::Range(1, 256));
  app.add_option("--env-file", line.env_file, "KEY=VALUE lines for the environment")->type_name("FILE");
  app.add_flag("--version", line.version, "Version of this program");
  jobs::parse_or_exit(app, argc, argv, prints, [&] {
    if (line.version) return;
    if (line.sources.empty() || !storage::is_url(line.sources.back()))
      throw ConfigError("name where to, last: dream_ingest SOURCES... s3://BUCKET/PREFIX (or --help)");
    if (line.sources.size() == 1 && line.url_files.empty())
      throw ConfigError("name folders or files before " + line.sources.back() + ", or --urls FILE");
  });
  return line;
}

std::vector<Item> list_items(const CommandLine& line, const storage::Url& to, const Pulse& pulse) {
  std::vector<Item> items;
  const std::vector<std::string> folders(line.sources.begin(), line.sources.end() - 1);
  for (const auto& folder : folders) {
    if (folder.find("://") != std::string::npos)
      throw ConfigError(fmt::format(
          "{}: a source is a folder or a file; web addresses stand in a file for --urls", folder));
  }
  for (const auto& file : corpus::list_sources(folders, pulse))
    items.push_back({file.path.string(), to.below(file.name).key, file.bytes});
  for (const auto& file : line.url_files) {
    for (auto& address : storage::parse_source_lines(read_file(file))) {
      const bool web = address.starts_with("https://") || address.starts_with("http://");
      const auto name = storage::name_of_address(address);
      if (!web || name.empty())
        throw CorpusError(
            file, 0, fmt::format("\"{}\" is no address of a document; write https://HOST/NAME.pdf", address));
      items.push_back({std::move(address), to.below(name).key, 0});
    }
  }
  if (items.empty()) throw CorpusError(line.sources.front(), 0, "no documents here");
  std::map<std::string, const Item*> by_key;
  for (const auto& item : items) {
    const auto [at, is_new] = by_key.emplace(item.key, &item);
    if (!is_new)
      throw CorpusError(
          item.source, 0,
          fmt::format("would become {}, and so would {}; rename one, or put them below two prefixes",
                      storage::Url{to.bucket, item.key}.text(), at->second->source));
  }
  // The heaviest first, dealt in turn: every rank gets about as many bytes.
  std::ranges::stable_sort(items, std::greater<>(), &Item::bytes);
  return items;
}

There look(storage::Service& s3, const storage::Url& to, const Pulse& pulse) {
  There there;
  const auto manifest = to.below(storage::manifest_name);
  for (auto& object : storage::list_prefix(s3, to.below(""), pulse)) {
    if (object.key == manifest.key) there.manifest_text = storage::read_object(s3, manifest, pulse);
    there.objects[object.key] = std::move(object);
  }
  there.manifest = storage::parse_manifest(there.manifest_text);
  return there;
}

/// A rank's share: items, and what is known of their keys.
Bytes pack_share(const std::vector<Item>& items, const There& there, int rank, int ranks) {
  Packer packer;
  for (auto i = static_cast<std::size_t>(rank); i < items.size(); i += static_cast<std::size_t>(ranks)) {
    packer.put(items[i].source).put(items[i].key).put(items[i].bytes);
    const auto object = there.objects.find(items[i].key);
    packer.put(object == there.objects.end() ? std::int64_t{-1} : object->second.bytes);
    packer.put(object == there.objects.end() ? "" : object->second.etag);
    const auto known = there.manifest.find(items[i].key);
    packer.put(known == there.manifest.end() ? "" : known->second.sum);
    packer.put(known == there.manifest.end() ? "" : known->second.etag);
  }
  return packer.take();
}

Share unpack_share(const Bytes& message) {
  Share share;
  for (Unpacker reader(message); !reader.done();) {
    Item item;
    item.source = reader.get<std::string>();
    item.key = reader.get<std::string>();
    item.bytes = reader.get<std::int64_t>();
    const auto bytes = reader.get<std::int64_t>();
    auto etag = reader.get<std::string>();
    auto sum = reader.get<std::string>();
    auto known_etag = reader.get<std::string>();
    if (bytes >= 0) {
      share.there.objects[item.key] = {"", item.key, bytes, std::move(etag), ""};
      share.there.manifest[item.key] = {item.key, bytes, std::move(sum), std::move(known_etag), ""};
    }
    share.items.push_back(std::move(item));
  }
  return share;
}

Bytes pack(const std::vector<Done>& all) {
  Packer packer;
  for (const auto& one : all) {
    packer.put(one.what).put(one.object.key).put(one.object.bytes).put(one.object.sum).put(one.object.etag);
    packer.put(one.object.source).put(one.problem);
  }
  return packer.take();
}

std::vector<Done> unpack_done(std::string_view bytes) {
  std::vector<Done> all;
  for (Unpacker reader(bytes); !reader.done();) {
    Done one;
    one.what = reader.get<Done::What>();
    one.object.key = reader.get<std::string>();
    one.object.bytes = reader.get<std::int64_t>();
    one.object.sum = reader.get<std::string>();
    one.object.etag = reader.get<std::string>();
    one.object.source = reader.get<std::string>();
    one.problem = reader.get<std::string>();
    all.push_back(std::move(one));
  }
  return all;
}

/// Says what became of all, and puts the manifest when it tells something new. Rank 0.
int conclude(storage::Service& s3, const storage::Url& to, const There& there, const std::vector<Done>& all,
             const Pulse& pulse) {
  std::map<std::string, storage::Ingested> manifest;
  for (const auto& [key, known] : there.manifest) {  // what other sources have brought and is still there
    const auto at = there.objects.find(key);
    if (at != there.objects.end() && at->second.etag == known.etag) manifest[key] = known;
  }
  std::map<Done::What, int> counts;
  for (const auto& one : all) {
    ++counts[one.what];
    if (one.what == Done::What::failed)
      std::cerr << "not put: " << one.problem << "\n";
    else
      manifest[one.object.key] = one.object;
  }
  std::vector<storage::Ingested> objects;
  for (auto& [key, one] : manifest) objects.push_back(std::move(one));
  auto text = storage::print_manifest(objects);
  if (text != there.manifest_text)
    storage::put_bytes(s3, to.below(storage::manifest_name), std::move(text), pulse);
  fmt::print("{}: {} put, {} unchanged, {} failed\n", to.text(), counts[Done::What::put],
             counts[Done::What::unchanged], counts[Done::What::failed]);
  return static_cast<int>(counts[Done::What::failed] > 0 ? ExitCode::input : ExitCode::ok);
}

/// Rank 0's environment decides on all ranks: workers often get none from a launcher.
std::map<std::string, std::string> shared_environment(comm::Communicator& comm, const std::string& env_file) {
  Bytes message;
  comm::agree(comm, [&] {
    if (comm.rank() != 0) return;
    Packer packer;
    for (const auto& [name, value] : storage::relevant(config::environment(env_file)))
      packer.put(name).put(value);
    message = packer.take();
  });
  comm.broadcast(message, 0);
  std::map<std::string, std::string> environment;
  for (Unpacker reader(message); !reader.done();) {
    auto name = reader.get<std::string>();
    environment[std::move(name)] = reader.get<std::string>();
  }
  return environment;
}

int run(comm::Communicator& comm, CommandLine line, net::Redactor& redact) {
  const Pulse pulse = comm::pulse_of(comm, [] {
    if (const char* signal = jobs::stop_asked()) throw Stopped(signal);
  });
  line.s3.environment = shared_environment(comm, line.env_file);
  const auto s3 = jobs::open_s3(comm, jobs::s3_settings(line.s3), redact);
  storage::Url to;
  There there;
  std::vector<Item> items;
  comm::agree(comm, [&] {
    to = storage::parse_url(line.sources.back());
    if (comm.rank() != 0) return;
    items = list_items(line, to, pulse);
    there = look(*s3, to, pulse);
  });
  Bytes out;
  std::vector<std::int64_t> counts(static_cast<std::size_t>(comm.size()), 0);
  for (int r = 0; comm.rank() == 0 && r < comm.size(); ++r) {
    const auto message = pack_share(items, there, r, comm.size());
    counts[static_cast<std::size_t>(r)] = std::ssize(message);
    out.insert(out.end(), message.begin(), message.end());
  }
  const auto in = comm.all_to_all_v(std::span<const char>(out), std::span<const std::int64_t>(counts));
  const auto share = unpack_share(in.values);
  std::vector<Done> done;
  comm::agree(comm, [&] { done = jobs::ingest(*s3, share, to.bucket, pulse); });
  const auto message = pack(done);
  const auto all = comm.gather_v(std::span<const char>(message), 0);
  int code = 0;
  comm::agree(comm, [&] {
    if (comm.rank() != 0) return;
    code = conclude(*s3, to, there, unpack_done({all.values.data(), all.values.size()}), pulse);
  });
  comm.broadcast(std::span<int>(&code, 1), 0);
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  jobs::prepare_environment(argv);
  const auto line = parse_command_line(argc, argv, comm::launched_rank() == 0);
  const bool launched = comm::launched_by_mpi();
  std::optional<comm::MpiEnvironment> environment;
  if (launched) environment.emplace(argc, argv);
  auto comm = launched ? comm::mpi_world() : comm::self();
  if (line.version) {
    if (comm.rank() == 0) fmt::print("dream_ingest {}\n", version::program);
    return 0;
  }
  jobs::watch_signals();
  net::Redactor redact;
  return jobs::guarded(
      comm, "dream_ingest", [&] { return run(comm, line, redact); },
      [&redact](const std::string& text) { return redact(text); });
}

#include "jobs/program.hpp"

#include <fmt/format.h>

#include <iostream>

#include "base/bytes.hpp"
#include "base/file.hpp"
#include "base/host.hpp"
#include "comm/agree.hpp"
#include "jobs/log.hpp"
#include "sweep/catalog.hpp"

namespace dream::jobs {
namespace {

std::string read_config(const std::string& file) {
  try {
    return read_file(file);
  } catch (const CorpusError& e) {
    throw ConfigError(e.what());
  }
}

std::string where(const comm::Communicator& comm, const std::string& program) {
  return comm.size() == 1 ? program : fmt::format("{}: rank {} on {}", program, comm.rank(), host_name());
}

}  // namespace

config::Config load_config(comm::Communicator& comm, const ConfigLine& line) {
  Bytes message;
  comm::agree(comm, [&] {
    if (comm.rank() != 0) return;
    const auto variables = config::environment(line.env_file);
    Packer packer;
    packer.put(read_config(line.config)).put(std::ssize(variables));
    for (const auto& [name, value] : variables) packer.put(name).put(value);
    message = packer.take();
  });
  comm.broadcast(message, 0);
  Unpacker reader(message);
  const auto text = reader.get<std::string>();
  config::LoadOptions options{line.overrides, {}};
  for (auto left = reader.get<std::ptrdiff_t>(); left > 0; --left) {
    auto name = reader.get<std::string>();
    options.environment[std::move(name)] = reader.get<std::string>();
  }
  config::Config config;
  comm::agree(comm, [&] { config = config::load_text(text, line.config, sweep::catalog(), options); });
  return config;
}

net::Redactor secrets_of(const config::Config& config) {
  net::Redactor redact;
  for (const auto& [name, model] : config.models) redact.add(model.api_key.value);
  return redact;
}

Log start_log(comm::Communicator& comm, const config::Config& config, const std::string& name,
              const net::Redactor& redact) {
  Log log = no_log();
  comm::agree(comm, [&] {
    if (comm.rank() == 0) log = open_log(config::output_folder(config) + "/" + name, redact);
  });
  return log;
}

int guarded(comm::Communicator& comm, const std::string& program,
            const std::function<int(net::Redactor&)>& body) {
  net::Redactor redact;
  try {
    return body(redact);
  } catch (const Error& e) {
    if (e.on_all_ranks || comm.size() == 1) {
      if (comm.rank() == 0) std::cerr << "\n" << program << ": " << redact(e.what()) << std::endl;
      return static_cast<int>(e.code);
    }
    std::cerr << "\n" << where(comm, program) << ": " << redact(e.what()) << std::endl;
    comm.abort(static_cast<int>(e.code));
  } catch (const std::exception& e) {
    std::cerr << "\n" << where(comm, program) << ": " << redact(e.what()) << std::endl;
    comm.abort(static_cast<int>(ExitCode::bug));
  }
}

}  // namespace dream::jobs

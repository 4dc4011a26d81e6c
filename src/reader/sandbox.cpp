#include "reader/sandbox.hpp"

#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <thread>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define DREAM_SANITIZED 1
#else
#define DREAM_SANITIZED 0
#endif

namespace dream::reader {
namespace {

// Computing, memory, and the two pipes. What is missing kills.
constexpr std::array allowed{"read",
                             "readv",
                             "write",
                             "writev",
                             "close",
                             "lseek",
                             "pread64",
                             "poll",
                             "ppoll",
                             "brk",
                             "munmap",
                             "mremap",
                             "madvise",
                             "futex",
                             "rt_sigaction",
                             "rt_sigprocmask",
                             "rt_sigreturn",
                             "sigaltstack",
                             "restart_syscall",
                             "exit",
                             "exit_group",
                             "clock_gettime",
                             "clock_getres",
                             "gettimeofday",
                             "time",
                             "clock_nanosleep",
                             "nanosleep",
                             "getrandom",
                             "getpid",
                             "gettid",
                             "getppid",
                             "getuid",
                             "geteuid",
                             "getgid",
                             "getegid",
                             "sysinfo",
                             "uname",
                             "getrusage",
                             "sched_yield",
                             "sched_getaffinity",
                             "fstat",
                             "set_robust_list",
                             "rseq",
                             "membarrier"};

// Libraries ask for files as a matter of course (time zones, fonts, locales) and live with a no.
constexpr std::array refused{"open",   "openat",     "openat2",   "creat",      "stat",     "lstat",
                             "statx",  "access",     "faccessat", "faccessat2", "readlink", "readlinkat",
                             "getcwd", "getdents64", "ioctl",     "fcntl",      "statfs",   "fstatfs"};

void check(int code, const char* what) {
  if (code != 0)
    throw std::runtime_error(std::string("cannot lock the reader in: ") + what + ": " +
                             std::strerror(code < 0 ? -code : code));
}

class Filter {
 public:
  Filter() : context_(seccomp_init(SCMP_ACT_KILL_PROCESS)) {
    if (context_ == nullptr)
      throw std::runtime_error("cannot lock the reader in: this kernel has no seccomp filters");
  }
  ~Filter() { seccomp_release(context_); }
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  template <class... Conditions>
  void rule(std::uint32_t action, const char* name, Conditions... conditions) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number < 0) return;  // a call that this processor does not have
    const std::array<scmp_arg_cmp, sizeof...(conditions)> list{conditions...};
    check(seccomp_rule_add_array(context_, action, number, list.size(), list.data()), name);
  }
  void load() { check(seccomp_load(context_), "seccomp"); }

 private:
  scmp_filter_ctx context_;
};

void limit(__rlimit_resource which, rlim_t value) {
  const rlimit both{value, value};
  if (::setrlimit(which, &both) != 0) check(errno, "setrlimit");
}

void close_the_doors() {
  Filter filter;
  for (const char* name : allowed) filter.rule(SCMP_ACT_ALLOW, name);
  for (const char* name : refused) filter.rule(SCMP_ACT_ERRNO(EACCES), name);
  // Memory, but never memory that can be run.
  filter.rule(SCMP_ACT_ALLOW, "mmap", SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  filter.rule(SCMP_ACT_ALLOW, "mprotect", SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
  // fstat() of newer C libraries is this call with an empty path; with a path it is refused.
  filter.rule(SCMP_ACT_ALLOW, "newfstatat", SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH));
  filter.rule(SCMP_ACT_ERRNO(EACCES), "newfstatat", SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, 0));
  // Its own limits (allow_cpu) and its own end (abort), not those of others.
  filter.rule(SCMP_ACT_ALLOW, "prlimit64", SCMP_A0(SCMP_CMP_EQ, 0));
  filter.rule(SCMP_ACT_ALLOW, "setrlimit");
  filter.rule(SCMP_ACT_ALLOW, "getrlimit");
  filter.rule(SCMP_ACT_ALLOW, "tgkill", SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(::getpid())));
  filter.load();
}

}  // namespace

bool can_lock_in() { return DREAM_SANITIZED == 0; }

void detach() {
  // If the parent is already gone, stdin is at its end and the reader leaves by itself.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::close_range(3, ~0U, 0);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE, SIGXFSZ})
    ::signal(number, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void lock_in(const Limits& limits) {
  if (!can_lock_in()) return;
  limit(RLIMIT_AS, static_cast<rlim_t>(limits.memory_mb) << 20);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_NOFILE, 3);
  limit(RLIMIT_FSIZE, rlim_t{1} << 16);  // stderr is a file in the parent's memory
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) check(errno, "no_new_privs");
  close_the_doors();
}

void allow_cpu(std::int64_t seconds) {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  rlimit now{};
  ::getrlimit(RLIMIT_CPU, &now);
  // Two seconds more than the parent's own limit: the parent, which explains itself better, comes first.
  now.rlim_cur = static_cast<rlim_t>(used.ru_utime.tv_sec + used.ru_stime.tv_sec + seconds + 2);
  if (now.rlim_max != RLIM_INFINITY && now.rlim_cur > now.rlim_max) now.rlim_cur = now.rlim_max;
  ::setrlimit(RLIMIT_CPU, &now);
}

std::string attempt(const std::string& what) {
  if (what == "socket")
    return ::socket(AF_INET, SOCK_STREAM, 0) >= 0 ? "opened a socket" : "was refused a socket";
  if (what == "exec") {
    char* argv[] = {nullptr};
    ::execve("/bin/true", argv, argv);
    return "was refused a program";
  }
  if (what == "fork") {
    const auto child = ::fork();
    if (child == 0) ::_exit(0);
    return child > 0 ? "made a process" : "was refused a process";
  }
  if (what == "thread") {
    std::thread([] {}).join();
    return "made a thread";
  }
  if (what == "code") {
    void* data =
        ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return data != MAP_FAILED ? "made executable memory" : "was refused executable memory";
  }
  if (what == "kill") return ::kill(::getppid(), 0) == 0 ? "could signal its parent" : "was refused a signal";
  if (what == "open") return ::open("/etc/passwd", O_RDONLY) >= 0 ? "opened a file" : "was refused a file";
  return "knows no such attempt";
}

}  // namespace dream::reader

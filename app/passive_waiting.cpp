// Threads that wait for each other sleep. libtorch's OpenMP (libgomp) lets them spin for
// milliseconds by default: where other work has a core, a thread spins on the one that the thread
// it waits for would need, and an epoch takes twenty times as long. libgomp reads the environment
// when it is loaded, before main, so that the program starts itself once more with the variable
// set, before any library's constructor has run.
#include <alloca.h>
#include <limits.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <initializer_list>

namespace {

// No library is initialised yet, libc included: system calls and plain memory only.
void wait_passively(int, char** argv, char** environment) {
  std::size_t count = 0;
  for (; environment[count] != nullptr; ++count) {
    for (const char* chosen : {"OMP_WAIT_POLICY=", "GOMP_SPINCOUNT="}) {
      if (std::strncmp(environment[count], chosen, std::strlen(chosen)) == 0) return;
    }
  }
  char program[PATH_MAX];  // not /proc/self/exe, by which ps would then call it
  const ssize_t length = ::readlink("/proc/self/exe", program, sizeof program - 1);
  if (length <= 0) return;
  program[length] = '\0';
  // Started as `ld-linux-x86-64.so.2 omniq …`, that is the loader.
  const char* slash = std::strrchr(program, '/');
  if (slash != nullptr && std::strncmp(slash + 1, "ld", 2) == 0) return;
  static char policy[] = "OMP_WAIT_POLICY=PASSIVE";
  auto** with_policy = static_cast<char**>(alloca((count + 2) * sizeof(char*)));
  std::memcpy(with_policy, environment, count * sizeof(char*));
  with_policy[count] = policy;
  with_policy[count + 1] = nullptr;
  ::execve(program, argv, with_policy);  // returns where it cannot: threads then spin
}

[[gnu::section(".preinit_array"), gnu::used]] void (*before_libraries)(int, char**,
                                                                       char**) = wait_passively;

}  // namespace

// Threads that wait for work must sleep, not spin: on a busy machine spinning slows small tensor operations a
// hundredfold. The OpenMP runtime reads OMP_WAIT_POLICY while it is loaded, before main, so a program that
// was started without it starts itself again with it. .preinit_array runs before any library's own start-up,
// so this costs a few milliseconds; the C library is not ready there, hence the plain loops.
#include <sys/syscall.h>
#include <unistd.h>

namespace {

constexpr char kVariable[] = "OMP_WAIT_POLICY=passive";

bool names_policy(const char* entry) {
  for (int i = 0; kVariable[i] != '='; ++i) {
    if (entry[i] != kVariable[i]) return false;
  }
  return true;
}

void start_again_with_policy(int, char** argv, char** environment) {
  constexpr int kMost = 4096;
  static const char* extended[kMost + 2];
  int count = 0;
  for (; environment[count]; ++count) {
    if (count == kMost || names_policy(environment[count])) return;
    extended[count] = environment[count];
  }
  extended[count] = kVariable;
  ::syscall(SYS_execve, "/proc/self/exe", argv, extended);  // on failure the program just goes on
}

__attribute__((section(".preinit_array"), used)) void (*const kStart)(int, char**,
                                                                      char**) = start_again_with_policy;

}  // namespace

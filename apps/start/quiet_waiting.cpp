// Threads that wait for work must sleep, not spin: on a busy machine spinning slows small tensor operations a
// hundredfold. The OpenMP runtime reads OMP_WAIT_POLICY while it is loaded, before main, so the variable must
// be there by then. .preinit_array runs before any library's own start-up, when the environment can neither
// grow nor be given away: an entry that no library asks for lends its place and has it back before main. The
// C library is not ready there either, hence the plain loops.
#include <sys/syscall.h>
#include <unistd.h>

namespace {

char kPolicy[] = "OMP_WAIT_POLICY=passive";
// Set by shells and logins for people.
constexpr const char* kLenders[] = {"_=", "OLDPWD=", "SHLVL=", "LOGNAME=", "USER=", "PWD=", "TERM=", "HOME="};

// Volatile: compilers take it that nothing runs before constructors, and would see null in give_back.
char* volatile lent_entry = nullptr;

bool begins(const char* entry, const char* name) {
  for (; *name; ++name, ++entry) {
    if (*entry != *name) return false;
  }
  return true;
}

char** find(char** environment, const char* name) {
  for (; *environment; ++environment) {
    if (begins(*environment, name)) return environment;
  }
  return nullptr;
}

// Nobody lends: the program starts itself again, which costs the libraries' loading twice.
void start_again(char** argv, char** environment) {
  constexpr int kMost = 4096;
  static const char* extended[kMost + 2];
  int count = 0;
  for (; environment[count]; ++count) {
    if (count == kMost) return;
    extended[count] = environment[count];
  }
  extended[count] = kPolicy;
  ::syscall(SYS_execve, "/proc/self/exe", argv, extended);  // on failure the program just goes on
}

void set_policy(int, char** argv, char** environment) {
  if (find(environment, "OMP_WAIT_POLICY=")) return;
  for (const char* name : kLenders) {
    if (char** place = find(environment, name)) {
      lent_entry = *place;
      *place = kPolicy;
      return;
    }
  }
  start_again(argv, environment);
}

__attribute__((section(".preinit_array"), used)) void (*const kSetPolicy)(int, char**, char**) = set_policy;

// The program's own start-up comes after that of all its libraries, one of which may have moved the
// environment.
__attribute__((constructor)) void give_back() {
  for (char** place = environ; lent_entry && *place; ++place) {
    if (*place == kPolicy) *place = lent_entry;
  }
}

}  // namespace

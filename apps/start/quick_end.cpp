// A program ends without the destructors of its libraries' static objects: LibTorch's take apart thousands of
// operators, a tenth of a second for memory that the system takes back anyway. The program's own start-up
// comes after that of all its libraries, so what is registered here runs before anything of theirs.
#include <unistd.h>
#include <cstdio>
#include <cstdlib>
#include <iostream>

// A sanitizer reports at the very end.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
namespace {

void end_now(int code, void*) {
  std::cout.flush();
  std::fflush(nullptr);
  ::_exit(code);
}

__attribute__((constructor)) void end_quickly() {
  ::on_exit(end_now, nullptr);
}

}  // namespace
#endif

// A host's main loop: reads lines until the input ends. The history goes to a
// file that cannot be opened: the default one is the user's own.
#include "llvm/LineEditor/LineEditor.h"

extern "C" int readAllLines(FILE *In, FILE *Out,
                            void (*OnLine)(const std::string &)) {
  llvm::LineEditor Editor("line-host", "no-such-directory/history", In, Out,
                          Out);
  int Count = 0;
  while (std::optional<std::string> Line = Editor.readLine()) {
    OnLine(*Line);
    ++Count;
  }
  return Count;
}

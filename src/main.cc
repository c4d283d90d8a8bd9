#include "whimbrel/main.h"

int main(int argc, char** argv) {
  return whimbrel::main(argc, argv);
}

# Two thirds of a file's compilation was reading these (g++ 12: 1.3 of 2 to 4 s).
set(WHIMBREL_HEAVY_HEADERS <algorithm> <atomic> <chrono> <condition_variable> <deque> <filesystem> <fstream> <functional>
  <map> <memory> <mutex> <optional> <set> <sstream> <string> <thread> <unordered_map> <variant> <vector>
  <bson/bson.h> <fmt/chrono.h> <fmt/format.h>)

// What a user's first program does, built against the installed package alone.
#include <actinium/version.h>

#include <iostream>

int main() { std::cout << "actinium " << actinium::version() << "\n"; }

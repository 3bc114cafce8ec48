"""How a program that a tool starts is confined on this machine, and what is said where it cannot be."""

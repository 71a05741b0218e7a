// Floating point over an array of structs: gravity between five bodies.
#include <cmath>
#include <cstring>
//--- input
struct Body {
  double x, y, z, vx, vy, vz, mass;
};
//--- input
void attract(Body &a, Body &b, double dt) {
  double dx = a.x - b.x, dy = a.y - b.y, dz = a.z - b.z;
  double squared = dx * dx + dy * dy + dz * dz;
  double pull = dt / (squared * std::sqrt(squared));
  a.vx -= dx * b.mass * pull;
  a.vy -= dy * b.mass * pull;
  a.vz -= dz * b.mass * pull;
  b.vx += dx * a.mass * pull;
  b.vy += dy * a.mass * pull;
  b.vz += dz * a.mass * pull;
}
//--- input
void advance(Body *bodies, int count, double dt) {
  for (int i = 0; i < count; ++i)
    for (int j = i + 1; j < count; ++j)
      attract(bodies[i], bodies[j], dt);
  for (int i = 0; i < count; ++i) {
    bodies[i].x += dt * bodies[i].vx;
    bodies[i].y += dt * bodies[i].vy;
    bodies[i].z += dt * bodies[i].vz;
  }
}
//--- input
double energy(const Body *bodies, int count) {
  double sum = 0;
  for (int i = 0; i < count; ++i) {
    const Body &b = bodies[i];
    sum += b.mass * (b.vx * b.vx + b.vy * b.vy + b.vz * b.vz) / 2;
    for (int j = i + 1; j < count; ++j) {
      double dx = b.x - bodies[j].x, dy = b.y - bodies[j].y,
             dz = b.z - bodies[j].z;
      sum -= b.mass * bodies[j].mass / std::sqrt(dx * dx + dy * dy + dz * dz);
    }
  }
  return sum;
}
//--- input
int nbody_steps = 36000;
long kernel_run() {
  Body bodies[5] = {{0, 0, 0, 0, 0, 0, 40},
                    {5, -1, 0, 0.5, 2.5, 0.1, 0.04},
                    {8, 4, -0.4, -1, 1.8, 0.1, 0.01},
                    {13, -15, 0.2, 1.1, 0.9, -0.1, 0.002},
                    {15, -26, 0.2, 1, 0.6, -0.1, 0.002}};
  for (int step = 0; step < nbody_steps; ++step)
    advance(bodies, 5, 0.001);
  double result = energy(bodies, 5);
  long bits;
  std::memcpy(&bits, &result, sizeof bits);
  return bits;
}

// Loan applications (Agrawal et al., 1993): nine attributes, ten ways to decide.
#include <algorithm>

#include "models/stream/generators/generator.h"

namespace conclave::stream {
namespace {

struct Applicant {
  double salary, commission, hvalue, loan;
  int age, elevel, car, zipcode, hyears;
};

bool within(double value, double low, double high) {
  return low <= value && value <= high;
}

// Index of the age band: under 40, under 60, older.
int band(int age) {
  return age < 40 ? 0 : age < 60 ? 1 : 2;
}

constexpr double kSalaryLow[] = {50000, 75000, 25000};  // by age band; each range is 50000 wide

bool usual_salary(double salary, int age_band) {
  return within(salary, kSalaryLow[age_band], kSalaryLow[age_band] + 50000);
}

bool usual_education(int elevel, int age_band) {
  return age_band == 0 ? elevel <= 1 : age_band == 1 ? elevel >= 1 && elevel <= 3 : elevel >= 2;
}

// Whether the application is in group A, for functions 1 to 10.
bool group_a(int function, const Applicant& a) {
  const int b = band(a.age);
  const double income = 2.0 * (a.salary + a.commission) / 3.0;
  switch (function) {
    case 1:
      return b != 1;
    case 2:
      return usual_salary(a.salary, b);
    case 3:
      return usual_education(a.elevel, b);
    case 4: {
      static constexpr double kLow[3][2] = {{50000, 25000}, {75000, 50000}, {25000, 50000}};
      const double low = kLow[b][usual_education(a.elevel, b)];
      return within(a.salary, low, low + 50000);
    }
    case 5: {
      static constexpr double kLow[3][2] = {{200000, 100000}, {300000, 200000}, {100000, 300000}};
      const double low = kLow[b][usual_salary(a.salary, b)];
      return within(a.loan, low, low + 200000);
    }
    case 6:
      return usual_salary(a.salary + a.commission, b);
    case 7:
      return income - a.loan / 5.0 - 20000.0 > 0;
    case 8:
      return income - 5000.0 * a.elevel - 20000.0 > 0;
    case 9:
      return income - 5000.0 * a.elevel - a.loan / 5.0 - 10000.0 > 0;
    default: {
      const double equity = a.hyears >= 20 ? a.hvalue * (a.hyears - 20.0) / 10.0 : 0;
      return income - 5000.0 * a.elevel + equity / 5.0 - 10000.0 > 0;
    }
  }
}

class Agrawal final : public Generator {
 public:
  explicit Agrawal(const GeneratorOptions& o)
      : random_(o.seed), function_(o.function), perturbation_(o.perturbation), balance_(o.balance) {
    schema_.name = "agrawal";
    const auto numbered = [](const char* name, const char* stem, int first, int count) {
      Attribute made{name, true, {}};
      for (int i = 0; i < count; ++i) made.values.push_back(fmt::format("{}{}", stem, first + i));
      return made;
    };
    schema_.inputs = {Attribute::numeric("salary"),  Attribute::numeric("commission"),
                      Attribute::numeric("age"),     numbered("elevel", "level", 0, 5),
                      numbered("car", "car", 1, 20), numbered("zipcode", "zipcode", 1, 9),
                      Attribute::numeric("hvalue"),  Attribute::numeric("hyears"),
                      Attribute::numeric("loan")};
    schema_.label = Attribute::named("class", {"groupA", "groupB"});
  }
  double next(double* x) override {
    Applicant a;
    int label;
    do {
      a.salary = 20000.0 + 130000.0 * random_.next_double();
      a.commission = a.salary >= 75000.0 ? 0 : 10000.0 + 65000.0 * random_.next_double();
      a.age = 20 + random_.next_int(61);
      a.elevel = random_.next_int(5);
      a.car = random_.next_int(20);
      a.zipcode = random_.next_int(9);
      a.hvalue = (9.0 - a.zipcode) * 100000.0 * (0.5 + random_.next_double());
      a.hyears = 1 + random_.next_int(30);
      a.loan = random_.next_double() * 500000.0;
      label = group_a(function_, a) ? 0 : 1;
    } while (!balance_.takes(label));
    if (perturbation_ > 0) perturb(a);
    const double row[] = {a.salary,         a.commission,     double(a.age),
                          double(a.elevel), double(a.car),    double(a.zipcode),
                          a.hvalue,         double(a.hyears), a.loan};
    std::copy(std::begin(row), std::end(row), x);
    return label;
  }

 private:
  void perturb(Applicant& a) {
    a.salary = moved(a.salary, 130000, 20000, 150000);
    if (a.commission > 0) a.commission = moved(a.commission, 65000, 10000, 75000);
    a.age = static_cast<int>(std::floor(moved(a.age, 60, 20, 80) + 0.5));
    // MOA cuts house values at 135000, whatever the zip code.
    a.hvalue = moved(a.hvalue, (9.0 - a.zipcode) * 100000.0, 0, 135000);
    a.hyears = static_cast<int>(std::floor(moved(a.hyears, 29, 1, 30) + 0.5));
    a.loan = moved(a.loan, 500000, 0, 500000);
  }
  double moved(double value, double range, double low, double high) {
    return std::clamp(value + range * (2.0 * (random_.next_double() - 0.5)) * perturbation_, low, high);
  }

  JavaRandom random_;
  int function_;
  double perturbation_;
  ClassBalance balance_;
};

}  // namespace

GeneratorPtr make_agrawal(const GeneratorOptions& options) {
  return std::make_unique<Agrawal>(options);
}

}  // namespace conclave::stream

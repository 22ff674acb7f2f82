"""What a run returns, and the numbers, figures and pages made from it; none of it imports the simulator."""
